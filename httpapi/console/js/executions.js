// The panel with everything that runs and has run, to attach to.
import { json, query, request } from './api.js'
import { CurlBar } from './curl.js'
import { button, duration, guarded, h, toast } from './dom.js'
import { Run } from './run.js'
import { attach } from './stream.js'

const every = 2000

export class ExecutionsPanel {
  constructor() {
    const options = (names) => [h('option', { value: '' }, 'all'), ...names.map((n) => h('option', {}, n))]
    const choose = guarded(() => this.refresh())
    this.kind = h('select', { 'aria-label': 'Kind', onchange: choose }, options(['command', 'background', 'code', 'session', 'terminal']))
    this.state = h('select', { 'aria-label': 'State', onchange: choose }, options(['queued', 'running', 'ended']))
    this.rows = h('tbody')
    this.known = new Map()
    this.none = h('p', { class: 'empty' }, 'Nothing has run yet.')
    this.list = h('div', { class: 'scroll list' }, h('table', { class: 'grid' },
      h('thead', {}, h('tr', {}, ['State', 'Kind', 'What', 'Time', 'Events'].map((name) => h('th', { scope: 'col', class: `col-${name.toLowerCase()}` }, name)))), this.rows), this.none)
    this.detail = h('div', { class: 'runs detail' }, h('p', { class: 'empty' }, 'Choose a run to attach to it: all of its events, and those to come.'))
    this.curl = new CurlBar()
    this.element = h('div', { class: 'panel' },
      h('div', { class: 'bar' }, h('label', {}, 'Kind', this.kind), h('label', {}, 'State', this.state)),
      h('div', { class: 'split' }, this.list, this.detail), this.curl.element)
    this.curl.show('GET', '/executions')
  }

  show() {
    guarded(() => this.refresh())()
    this.timer = setInterval(() => this.refresh().catch(() => {}), every)
  }

  hide() {
    clearInterval(this.timer)
  }

  async refresh() {
    const path = `/executions${query({ kind: this.kind.value, state: this.state.value })}`
    const all = (await json('GET', path)).reverse().slice(0, 500)
    if (!this.opened) this.curl.show('GET', path)
    const ids = new Set(all.map((x) => x.id))
    for (const id of this.known.keys()) if (!ids.has(id)) this.known.delete(id)
    // A row that is there stays the same element, so that it keeps the focus.
    this.rows.replaceChildren(...all.map((x) => this.row(x)))
    this.none.hidden = all.length > 0
  }

  row(x) {
    let row = this.known.get(x.id)
    if (!row) {
      row = h('tr', { 'data-id': x.id }, h('td', {}, h('span', { class: 'chip' })), h('td', {}, x.kind),
        h('td', { class: 'what' }, h('a', { href: `#executions/${x.id}`, title: x.content }, x.content.split('\n')[0] || x.id)), h('td'), h('td', { class: 'number col-events' }))
      this.known.set(x.id, row)
    }
    const [state, , , time, events] = row.children
    const failed = x.error || x.signal || x.exit_code > 0
    state.firstChild.dataset.state = x.state !== 'ended' ? 'running' : failed ? 'failed' : 'done'
    state.firstChild.textContent = x.state !== 'ended' ? x.state : x.signal ?? (x.exit_code === undefined ? (failed ? 'failed' : 'ok') : `exit ${x.exit_code}`)
    time.textContent = duration((x.finished_at ? Date.parse(x.finished_at) : Date.now()) - Date.parse(x.started_at))
    events.textContent = x.last_event
    row.classList.toggle('chosen', x.id === this.opened)
    return row
  }

  // open attaches to a run, and leaves the one before.
  async open(id) {
    if (this.opened === id && this.run && !this.run.abort.signal.aborted) return
    this.run?.abort.abort()
    this.opened = id
    for (const [known, row] of this.known) row.classList.toggle('chosen', known === id)
    this.curl.show('GET', `/executions/${id}/events`, { stream: true })
    try {
      const x = await json('GET', `/executions/${id}`)
      if (this.opened !== id) return
      const raw = x.kind === 'code' || x.kind === 'terminal'
      this.run = new Run({ label: x.kind, source: x.content, lines: raw ? false : undefined, kill: x.kind !== 'code', stdin: false })
      this.detail.replaceChildren(this.about(x), this.run.element)
      await this.run.show((options) => attach(id, options))
    } catch (error) {
      toast(error.message)
    }
  }

  about(x) {
    const facts = [['id', x.id], ['started', new Date(x.started_at).toLocaleString()], ['context', x.context_id], ['language', x.language]]
    return h('div', { class: 'bar' },
      h('dl', { class: 'facts' }, facts.filter(([, value]) => value).map(([name, value]) => h('div', {}, h('dt', {}, name), h('dd', {}, value)))),
      h('span', { class: 'space' }),
      x.kind === 'terminal' && button('Open in Terminal', guarded(() => this.terminal(x.id))),
      button('Remove', guarded(() => this.remove(x.id)), { title: 'End it if it runs, forget it if it has ended' }))
  }

  async terminal(id) {
    const found = (await json('GET', '/pty')).find((terminal) => terminal.execution_id === id)
    if (!found) throw new Error('The terminal of this process is gone.')
    location.hash = `terminal/${found.session_id}`
  }

  async remove(id) {
    await request('DELETE', `/executions/${id}`)
    await this.refresh()
    if (this.known.has(id)) return // it ran: now it has ended, and can be read
    this.opened = null
    this.run.abort.abort()
    this.detail.replaceChildren()
    history.replaceState(null, '', '#executions')
  }
}
