// A text field for code: Tab indents (after Escape it moves on, so that the keyboard is never caught), Alt with an arrow recalls.
import { h } from './dom.js'

export class CodeField {
  // enter says whether Enter alone runs, as in a shell, or only with Shift or Control.
  constructor({ label, placeholder, enter, run, change }) {
    Object.assign(this, { enter, run, change })
    this.past = []
    this.at = 0
    this.leaving = false
    this.element = h('textarea', {
      class: 'editor', 'aria-label': label, placeholder, rows: 1, spellcheck: 'false', autocomplete: 'off', autocapitalize: 'off',
      onkeydown: (event) => this.key(event), oninput: () => this.changed(),
    })
  }

  get value() {
    return this.element.value
  }

  set value(text) {
    this.element.value = text
    this.changed()
  }

  changed() {
    this.element.rows = Math.min(Math.max(this.value.split('\n').length, 1), 16)
    this.change?.()
  }

  key(event) {
    const leaving = this.leaving
    this.leaving = event.key === 'Escape'
    if (event.key === 'Enter' && !event.isComposing && (event.shiftKey || event.ctrlKey || event.metaKey) !== this.enter) {
      event.preventDefault()
      this.submit()
    } else if (event.key === 'Tab' && !event.shiftKey && !leaving && !this.enter) {
      event.preventDefault()
      document.execCommand('insertText', false, '    ') // so that it can be undone
    } else if (event.altKey && (event.key === 'ArrowUp' || event.key === 'ArrowDown')) {
      event.preventDefault()
      this.recall(event.key === 'ArrowUp' ? -1 : 1)
    }
  }

  submit() {
    const text = this.value
    if (!text.trim()) return
    this.past.push(text)
    this.at = this.past.length
    this.value = ''
    this.run(text)
  }

  recall(step) {
    this.at = Math.min(Math.max(this.at + step, 0), this.past.length)
    this.value = this.past[this.at] ?? ''
  }
}
