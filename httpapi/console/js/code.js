// The panel for code: cells in a kernel, one below the other.
import { json, query, request } from './api.js'
import { CurlBar } from './curl.js'
import { button, following, guarded, h } from './dom.js'
import { CodeField } from './editor.js'
import { Run } from './run.js'
import { frames, start } from './stream.js'

const fresh = 'new'

export class CodePanel {
  constructor() {
    this.language = h('select', { 'aria-label': 'Language', onchange: guarded(() => this.contexts()) })
    this.context = h('select', { 'aria-label': 'Context', onchange: guarded(() => this.chosen()) })
    this.cells = following(h('div', { class: 'runs' }))
    this.displays = new Map()
    this.curl = new CurlBar()
    this.field = new CodeField({
      label: 'Code', placeholder: 'Code: Shift+Enter runs it, Tab indents, Alt+↑ recalls', enter: false,
      run: guarded((code) => this.run(code)), change: () => this.describe(),
    })
    this.hint = h('p', { class: 'empty' }, 'What you run is shown here, with everything that a notebook shows.')
    this.cells.append(this.hint)
    this.element = h('div', { class: 'panel' },
      h('div', { class: 'bar' }, h('label', {}, 'Language', this.language), h('label', {}, 'Context', this.context),
        button('Interrupt', guarded(() => this.interrupt())), button('Restart', guarded(() => this.restart()), { title: 'Forget its state' }),
        h('span', { class: 'space' }), button('Clear', () => this.cells.replaceChildren())),
      this.cells,
      h('div', { class: 'compose' }, this.field.element, button('Run', () => this.field.submit(), { class: 'primary' })),
      this.curl.element)
    this.describe()
  }

  show() {
    guarded(() => this.languages())()
  }

  focus() {
    this.field.element.focus()
  }

  async languages() {
    const all = (await json('GET', '/code/languages')).filter((l) => l.installed)
    const before = this.language.value
    this.language.replaceChildren(...all.map((l) => h('option', { value: l.language }, l.language)))
    if (!all.length) {
      this.language.append(h('option', { value: '' }, 'none'))
      this.hint.textContent = 'There is no kernel to run code in. Commands work without one.'
    }
    if (all.some((l) => l.language === before)) this.language.value = before
    await this.contexts()
  }

  async contexts(select = this.context.value) {
    const all = this.language.value ? await json('GET', `/code/contexts${query({ language: this.language.value })}`) : []
    this.context.replaceChildren(
      h('option', { value: '' }, 'default'),
      ...all.map((c) => h('option', { value: c.id }, `${c.id.slice(0, 8)} (${c.state})`)),
      h('option', { value: fresh }, 'new …'))
    this.context.value = all.some((c) => c.id === select) ? select : ''
    this.describe()
  }

  async chosen() {
    if (this.context.value !== fresh) {
      this.describe()
      return
    }
    const made = await json('POST', '/code/context', { body: { language: this.language.value } })
    await this.contexts(made.id)
  }

  request(code) {
    const id = this.context.value
    const where = id && id !== fresh ? { context: { id } } : { language: this.language.value }
    return { code, ...where, stdin: true }
  }

  describe() {
    this.curl.show('POST', '/code', { stream: true, body: this.request(this.field.value || this.ran || '1 + 1') })
  }

  async run(code) {
    this.hint.remove()
    this.ran = code
    const body = this.request(code)
    const cell = new Run({ label: '[ ]', source: code, lines: false, displays: this.displaysOf(body), scroller: this.cells, kill: false })
    this.cells.append(cell.element)
    this.cells.scrollTop = this.cells.scrollHeight
    this.curl.show('POST', '/code', { stream: true, body })
    await this.restarting // another connection could be faster
    await cell.show((options) => this.noting(start('/code', body, options)))
    await this.late(cell)
  }

  displaysOf({ context, language }) {
    const key = context?.id ?? language
    if (!this.displays.has(key)) this.displays.set(key, new Map())
    return this.displays.get(key)
  }

  // late shows what threads of a cell show after its end. A stream for each cell would be a connection for each, so it is
  // asked, more and more seldom while there is nothing.
  async late(cell) {
    let after = 0
    for (let pause = 500; pause < 60_000 && cell.id && cell.element.isConnected; pause *= 2) {
      await new Promise((resolve) => setTimeout(resolve, pause))
      const response = await request('GET', `/executions/${cell.id}/late${query({ after })}`).catch(() => null)
      if (!response) return
      if (response.status === 204) continue
      for await (const { id, data } of frames(response, after)) {
        if (id) after = id
        cell.output.take(data)
      }
      pause = 500
    }
  }

  // noting remembers the context that cells run in: the default one has no name until then.
  async * noting(events) {
    for await (const event of events) {
      if (event.data.type === 'init') this.used = event.data.text
      yield event
    }
  }

  async interrupt() {
    const id = this.context.value || this.used
    if (id) await request('DELETE', `/code${query({ id })}`)
  }

  // restart gives the context another kernel, with nothing of what was. What is run from now on is for that one.
  async restart() {
    const id = this.context.value || this.used
    if (id) {
      const answer = request('POST', `/code/contexts/${id}/restart`)
      this.restarting = answer.catch(() => {}) // it is told here
      await answer
    }
    await this.contexts()
  }
}
