// The panel for shell commands.
import { CurlBar } from './curl.js'
import { button, following, guarded, h } from './dom.js'
import { CodeField } from './editor.js'
import { Run } from './run.js'
import { start } from './stream.js'

export class CommandPanel {
  constructor() {
    this.cwd = h('input', { type: 'text', placeholder: 'execd’s own', 'aria-label': 'Working directory', spellcheck: 'false', oninput: () => this.describe() })
    this.stdin = h('input', { type: 'checkbox', onchange: () => this.describe() })
    this.runs = following(h('div', { class: 'runs' }))
    this.hint = h('p', { class: 'empty' }, 'Output is shown while it is printed. A command goes on when you close this page; Executions finds it again.')
    this.runs.append(this.hint)
    this.curl = new CurlBar()
    this.field = new CodeField({
      label: 'Command', placeholder: 'Command: Enter runs it, Shift+Enter is a new line, Alt+↑ recalls', enter: true,
      run: guarded((command) => this.run(command)), change: () => this.describe(),
    })
    this.element = h('div', { class: 'panel' },
      h('div', { class: 'bar' }, h('label', { class: 'wide' }, 'Directory', this.cwd),
        h('label', { class: 'check' }, this.stdin, 'Standard input'), h('span', { class: 'space' }),
        button('Clear', () => this.runs.replaceChildren())),
      this.runs,
      h('div', { class: 'compose' }, this.field.element, button('Run', () => this.field.submit(), { class: 'primary' })),
      this.curl.element)
    this.describe()
  }

  focus() {
    this.field.element.focus()
  }

  // Chunks as they come, not lines: a progress bar moves, and a prompt is seen.
  request(command) {
    return { command, output: 'bytes', ...(this.cwd.value && { cwd: this.cwd.value }), ...(this.stdin.checked && { stdin: true }) }
  }

  describe() {
    this.curl.show('POST', '/command', { stream: true, body: this.request(this.field.value || this.ran || 'echo hello') })
  }

  async run(command) {
    this.hint.remove()
    this.ran = command
    const body = this.request(command)
    const run = new Run({ label: '$', source: command, lines: false, scroller: this.runs, stdin: this.stdin.checked })
    run.type.hidden = true // asked for beforehand, or not at all
    this.runs.append(run.element)
    this.runs.scrollTop = this.runs.scrollHeight
    this.curl.show('POST', '/command', { stream: true, body })
    await run.show((options) => start('/command', body, options))
  }
}
