// A run that is followed: what was asked, what it shows, and how it stands.
import { query, request } from './api.js'
import { button, duration, guarded, h } from './dom.js'
import { Output } from './output.js'
import { Lost } from './stream.js'

export class Run {
  // source is what runs; scroller is the area to keep at its end.
  constructor({ label, source, lines, displays, scroller, stdin = false, kill = true }) {
    this.id = ''
    this.began = Date.now()
    this.scroller = scroller
    this.output = new Output({ lines, displays })
    this.abort = new AbortController()
    this.label = h('span', { class: 'label' }, label)
    this.chip = h('span', { class: 'chip', 'data-state': 'running', role: 'status' }, 'starting')
    this.time = h('span', { class: 'time' })
    this.stop = button('Interrupt', guarded(() => request('DELETE', `/command${query({ id: this.id })}`)), { class: 'small', disabled: true })
    this.kill = button('Kill', guarded(() => request('POST', `/executions/${this.id}/signal`, { body: { signal: 'SIGKILL' } })),
      { class: 'small', disabled: true, title: 'SIGKILL', hidden: !kill })
    this.input = this.stdinForm(stdin)
    this.type = button('Input', () => {
      this.input.hidden = !this.input.hidden
      if (!this.input.hidden) this.field.focus()
    }, { class: 'small', hidden: !kill || stdin, disabled: true, title: 'Type a line for its standard input, if it was started to take one' })
    this.element = h('article', { class: 'run', 'aria-label': source.slice(0, 60) },
      h('header', {}, this.label, h('pre', { class: 'code' }, source), h('span', { class: 'meta' }, this.time, this.chip, this.type, this.stop, this.kill)),
      this.output.element, this.input)
  }

  stdinForm(shown) {
    this.field = h('input', { type: 'text', 'aria-label': 'Standard input', placeholder: 'a line for its standard input', autocomplete: 'off' })
    const send = guarded(async (event) => {
      event.preventDefault()
      const line = this.field.value
      this.field.value = ''
      if (this.asked !== undefined) { // as a notebook shows it, before what comes of it
        this.output.take({ type: 'stdout', text: `${this.asked}${this.field.type === 'password' ? '········' : line}\n` })
        this.input.hidden = true
      }
      await request('POST', `/executions/${this.id}/stdin`, { body: `${line}\n` })
    })
    const end = guarded(() => request('POST', `/executions/${this.id}/stdin?eof=true`, { body: '' }))
    return h('form', { class: 'stdin', hidden: !shown, onsubmit: send }, this.field,
      h('button', { type: 'submit', class: 'small' }, 'Send'), this.eof = button('End of input', end, { class: 'small' }))
  }

  state(state, text) {
    this.chip.dataset.state = state
    this.chip.textContent = text
  }

  identify(id) {
    this.id = id
    this.element.dataset.execution = id
    this.stop.disabled = this.kill.disabled = this.type.disabled = false
    if (this.chip.dataset.state === 'running') this.state('running', 'running')
  }

  // show follows the events that make gives, with what it needs to know and to tell.
  async show(make) {
    const clock = setInterval(() => { this.time.textContent = duration(Date.now() - this.began) }, 200)
    try {
      const events = make({
        signal: this.abort.signal,
        onID: (id) => this.identify(id),
        onCut: () => this.state('cut', 'reconnecting'),
        onBack: () => this.state('running', 'running'),
      })
      for await (const { id, data } of events) {
        this.take(id, data)
        this.scroller?.dispatchEvent(new Event('grown'))
      }
      if (this.chip.dataset.state === 'running') this.state('done', 'ended')
    } catch (error) {
      if (error.name === 'AbortError') return
      this.state('failed', error instanceof Lost ? 'lost' : 'failed')
      this.output.notice(error.message)
    } finally {
      clearInterval(clock)
      this.over()
    }
  }

  take(id, event) {
    this.output.take(event)
    if (event.type === 'execution_count') this.label.textContent = `[${event.execution_count}]`
    if (event.type === 'status') this.status(event)
    if (event.type === 'init') this.began = event.timestamp
    if (event.type === 'execution_complete' || event.type === 'error') this.end(id, event)
  }

  status({ status, position, reason, error, prompt = '', password = false }) {
    if (error) {
      this.output.fail(error) // one that the code has survived
    } else if (status === 'stdin_requested') {
      this.ask(prompt, password)
    } else if (status === 'queued') {
      this.state('running', `queued, ${position}`)
    } else if (status === 'running') {
      this.state('running', 'running')
    } else if (!['still running', 'killed'].includes(status)) {
      this.output.notice([status.replaceAll('_', ' '), reason].filter(Boolean).join(': '))
    }
  }

  // ask has a person answer what code asks.
  ask(prompt, password) {
    this.asked = prompt
    this.field.type = password ? 'password' : 'text'
    this.field.placeholder = prompt || 'an answer'
    this.input.hidden = false
    this.eof.hidden = true
    this.field.focus()
  }

  end(id, event) {
    const { type, exit_code: code, signal, reason, execution_time: time } = event
    const good = type === 'execution_complete'
    const text = [signal ?? (code === undefined ? (good ? 'ok' : 'failed') : `exit ${code}`), reason].filter(Boolean).join(', ')
    this.state(good ? 'done' : 'failed', text)
    this.time.textContent = time ? duration(time) : this.time.textContent
  }

  over() {
    this.stop.hidden = this.kill.hidden = this.type.hidden = this.input.hidden = true
  }
}
