// The frame of the page: tabs, the state of the connection, the token.
import { CodePanel } from './code.js'
import { CommandPanel } from './command.js'
import { ExecutionsPanel } from './executions.js'
import { FilesPanel } from './files.js'
import { MetricsPanel } from './metrics.js'
import { TerminalPanel } from './terminal.js'
import { h } from './dom.js'
import { onLink } from './link.js'
import { tokenDialog } from './token.js'

const panels = [
  { name: 'code', label: 'Code', make: () => new CodePanel() },
  { name: 'command', label: 'Command', make: () => new CommandPanel() },
  { name: 'terminal', label: 'Terminal', make: () => new TerminalPanel() },
  { name: 'files', label: 'Files', make: () => new FilesPanel() },
  { name: 'metrics', label: 'Metrics', make: () => new MetricsPanel() },
  { name: 'executions', label: 'Executions', make: () => new ExecutionsPanel() },
]

const main = document.getElementById('main')
const tabs = document.getElementById('tabs')

for (const panel of panels) {
  panel.tab = h('button', {
    type: 'button', role: 'tab', id: `tab-${panel.name}`, 'aria-controls': `panel-${panel.name}`, 'aria-selected': 'false',
    tabindex: '-1', onclick: (event) => choose(panel, event.detail > 0),
  }, panel.label)
  panel.element = h('section', { role: 'tabpanel', id: `panel-${panel.name}`, 'aria-labelledby': `tab-${panel.name}`, hidden: true })
}
tabs.append(...panels.map((panel) => panel.tab))
main.replaceChildren(...panels.map((panel) => panel.element))

// The arrows move between tabs, as in any list of tabs (ARIA Authoring Practices).
tabs.addEventListener('keydown', (event) => {
  const here = panels.findIndex((panel) => panel.tab === document.activeElement)
  const to = { ArrowRight: here + 1, ArrowLeft: here - 1, Home: 0, End: panels.length - 1 }[event.key]
  if (here < 0 || to === undefined) return
  event.preventDefault()
  const panel = panels[(to + panels.length) % panels.length]
  choose(panel, false)
  panel.tab.focus()
})

// F6 leaves whatever takes the other keys, such as a terminal.
addEventListener('keydown', (event) => {
  if (event.key !== 'F6') return
  event.preventDefault()
  tabs.querySelector('[aria-selected=true]').focus()
})

let shown = null
let intoPanel = true

// choose shows a panel. Who points at a tab wants to type in the panel; who comes by the keyboard stays among the tabs.
function choose(panel, byPointer) {
  intoPanel = byPointer
  if (panel === shown && byPointer) panel.view.focus?.()
  location.hash = panel.name
}

// route shows the panel that the address names, and tells it the rest: #executions/ID.
function route() {
  const [name, ...rest] = location.hash.slice(1).split('/')
  const panel = panels.find((p) => p.name === name) ?? panels[0]
  if (panel !== shown) {
    shown?.view?.hide?.()
    for (const p of panels) {
      p.element.hidden = p !== panel
      p.tab.setAttribute('aria-selected', String(p === panel))
      p.tab.tabIndex = p === panel ? 0 : -1
    }
    shown = panel
    document.title = `${panel.label} · execd`
    if (!panel.view) {
      panel.view = panel.make()
      panel.element.append(panel.view.element)
    }
    panel.view.show?.()
    if (intoPanel) panel.view.focus?.()
    intoPanel = false
  }
  if (rest.length) panel.view.open?.(decodeURIComponent(rest.join('/')))
}

const link = document.getElementById('link')
onLink((online) => {
  link.dataset.state = online ? 'online' : 'offline'
  link.textContent = online ? 'connected' : 'reconnecting'
})

tokenDialog(document.getElementById('token'))
// The plots watch all the time: they have a past when they are looked at, and a lost execd is noticed at once.
panels.find((panel) => panel.name === 'metrics').view = new MetricsPanel()
for (const panel of panels) if (panel.view) panel.element.append(panel.view.element)
addEventListener('hashchange', route)
route()
