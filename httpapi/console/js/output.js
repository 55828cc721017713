// The events of one run, as something to look at.
import { ANSIText, ansi } from './ansi.js'
import { h } from './dom.js'
import { rich } from './rich.js'

export class Output {
  // lines says that each text is a line whose end is left out; undefined is not known.
  // displays are the shown displays by their id: those of all cells of a context, since any of them may update one.
  constructor({ lines, displays = new Map() } = {}) {
    this.element = h('div', { class: 'output', role: 'log', 'aria-label': 'Output' })
    this.lines = lines
    this.displays = displays
    this.clearing = false
    this.text = null
  }

  take({ type, ...event }) {
    if (type === 'stdout' || type === 'stderr') this.print(type, event)
    else if (type === 'result') this.show(event)
    else if (type === 'display_update') this.update(event)
    else if (type === 'clear_output') this.clear(event)
    else if (type === 'error' && event.error) this.fail(event.error)
  }

  print(type, { text, partial }) {
    this.renew()
    if (!this.text) {
      this.text = new ANSIText()
      this.element.append(this.text.element)
    }
    if (this.lines === undefined && text !== '\n' && text.includes('\n')) this.lines = false // as it was written
    const whole = this.lines === false || partial
    if (!whole && text === '\n') text = '' // how an empty line is told
    this.text.write(whole ? text : `${text}\n`, type === 'stderr' ? 'stderr' : '')
  }

  show({ results = {}, metadata, display_id: id }) {
    this.renew()
    const shown = rich(results, metadata)
    if (id) this.displays.set(id, [...(this.displays.get(id) ?? []), shown])
    this.append(shown)
  }

  update({ results = {}, metadata, display_id: id }) {
    this.displays.set(id, (this.displays.get(id) ?? []).map((old) => {
      const shown = rich(results, metadata)
      old.replaceWith(shown)
      return shown
    }))
  }

  clear({ wait }) {
    this.clearing = true
    if (!wait) this.renew()
  }

  // renew clears what was to be cleared once something new comes.
  renew() {
    if (!this.clearing) return
    this.clearing = false
    this.element.replaceChildren()
    this.text = null
  }

  fail({ ename, evalue, traceback }) {
    if (ename === 'CommandExecError' && /^-?\d+$/.test(evalue)) return // the status says it
    this.renew()
    const trace = (traceback ?? []).join('\n')
    this.append(h('div', { class: 'failure' },
      h('strong', {}, `${ename}: ${evalue}`), trace && trace !== evalue && ansi(trace)))
  }

  notice(text) {
    this.append(h('div', { class: 'notice' }, text))
  }

  append(element) {
    this.text = null
    this.element.append(element)
  }
}
