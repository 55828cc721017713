// The panel with terminals: those of execd, each with a tab.
import { address, json, request } from './api.js'
import { CurlBar } from './curl.js'
import { button, guarded, h } from './dom.js'
import { TerminalView } from './terminalview.js'

export class TerminalPanel {
  constructor() {
    this.tabs = h('div', { class: 'tabs', role: 'toolbar', 'aria-label': 'Terminals' })
    this.stage = h('div', { class: 'stage' })
    this.empty = h('div', { class: 'empty' }, h('p', {}, 'A terminal stays when you leave, and can be connected to again.'),
      button('New terminal', guarded(() => this.create()), { class: 'primary' }))
    this.stage.append(this.empty)
    this.curl = new CurlBar()
    this.views = new Map()
    this.chosen = null
    this.element = h('div', { class: 'panel' },
      h('div', { class: 'bar' }, this.tabs, button('New', guarded(() => this.create())), h('span', { class: 'space' }),
        h('span', { class: 'hint' }, 'F6 leaves the terminal · ', h('a', { href: address('ui/xterm-LICENSE.txt') }, 'xterm.js'))),
      this.stage, this.curl.element)
    this.curl.show('POST', '/pty', { body: {} })
  }

  show() {
    guarded(() => this.refresh())()
    this.views.get(this.chosen)?.shown()
  }

  focus() {
    this.views.get(this.chosen)?.term.focus()
  }

  async open(id) {
    await guarded(async () => {
      await this.refresh()
      if (this.views.has(id)) await this.choose(id)
    })()
  }

  // refresh shows the terminals that there are, those of others too.
  async refresh() {
    for (const { session_id: id } of await json('GET', '/pty')) if (!this.views.has(id)) this.add(id)
    this.arrange()
  }

  async create() {
    const { session_id: id } = await json('POST', '/pty', { body: {} })
    this.add(id)
    await this.choose(id)
  }

  add(id) {
    const view = new TerminalView(id, () => this.arrange())
    view.tab = h('span', { class: 'tab' },
      button(id.slice(0, 8), guarded(() => this.choose(id)), { 'aria-pressed': 'false' }),
      button('×', guarded(() => this.remove(id)), { 'aria-label': `End terminal ${id.slice(0, 8)}`, class: 'close' }))
    this.views.set(id, view)
    this.tabs.append(view.tab)
    this.stage.append(view.element)
  }

  async choose(id) {
    this.chosen = id
    this.arrange()
    const view = this.views.get(id)
    view.shown()
    view.term.focus()
    await view.connect()
    this.arrange()
  }

  arrange() {
    for (const [id, view] of this.views) {
      view.element.hidden = id !== this.chosen
      view.tab.firstChild.setAttribute('aria-pressed', String(id === this.chosen))
      view.tab.dataset.state = view.state
    }
    this.empty.hidden = this.views.has(this.chosen)
    const execution = this.views.get(this.chosen)?.execution
    if (execution) this.curl.show('GET', `/executions/${execution}/events`, { stream: true })
  }

  async remove(id) {
    const view = this.views.get(id)
    view.close()
    await request('DELETE', `/pty/${id}`).catch((error) => { if (error.status !== 404) throw error })
    view.tab.remove()
    view.element.remove()
    this.views.delete(id)
    if (this.chosen === id) this.chosen = null
    this.arrange()
  }
}
