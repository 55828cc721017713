// Text as a terminal would leave it on its lines: colours and the like (ECMA-48 SGR), carriage return, backspace, erase.
import { h } from './dom.js'

const token = /\x1b\[([0-9;:?]*)([@-~])|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)|\x1b[()][A-Za-z0-9]|\x1b[^[\]()]|[\r\n\b\x07]|[^\x1b\r\n\b\x07]+/g
const unfinished = /\x1b(?:\[[0-9;:?]*|\][^\x07\x1b]*\x1b?|[()])?$/

// A page with more lines becomes slow. The rest is in execd, and said to be.
const mostLines = 5000
const fewerLines = 4000

export class ANSIText {
  constructor() {
    this.element = h('div', { class: 'text' })
    this.style = plain
    this.kind = ''
    this.held = ''
    this.row = [] // segments {text, style, kind} of the line that is written on
    this.column = null // null is the end of it
    this.lines = 0
    this.current = null // its element
  }

  // write adds text of a kind, which is the class of what it looks like.
  write(text, kind = '') {
    this.kind = kind
    text = this.held + text
    this.held = unfinished.exec(text)?.[0] ?? ''
    if (this.held) text = text.slice(0, -this.held.length)
    const done = document.createDocumentFragment()
    for (const [whole, parameters, command] of text.matchAll(token)) {
      if (command) this.control(parameters, command)
      else if (whole === '\n') done.append(this.finish())
      else if (whole === '\r') this.column = 0
      else if (whole === '\b') this.column = Math.max((this.column ?? this.width()) - 1, 0)
      else if (whole[0] !== '\x1b' && whole !== '\x07') this.put(whole)
    }
    this.current?.remove()
    this.element.append(done)
    this.current = this.row.length ? this.line() : null
    if (this.current) this.element.append(this.current)
    this.trim()
  }

  width() {
    return this.row.reduce((n, s) => n + s.text.length, 0)
  }

  put(text) {
    const segment = { text, style: this.style, kind: this.kind }
    const last = this.row.at(-1)
    if (this.column === null) {
      if (last?.style === this.style && last.kind === this.kind) last.text += text
      else this.row.push(segment)
      return
    }
    const width = this.width()
    const end = this.column + text.length
    this.row = [...this.cut(0, this.column), segment, ...this.cut(end, width)]
    this.column = end >= width ? null : end
  }

  // cut is the part of the line between two columns.
  cut(from, to) {
    const part = []
    let at = 0
    for (const s of this.row) {
      const text = s.text.slice(Math.max(from - at, 0), Math.max(to - at, 0))
      if (text) part.push({ ...s, text })
      at += s.text.length
    }
    return part
  }

  control(parameters, command) {
    if (command === 'm') this.style = restyle(this.style, parameters)
    if (command !== 'K') return
    const at = this.column ?? this.width()
    if (parameters === '2') [this.row, this.column] = [[], null]
    else if (parameters !== '1') this.row = this.cut(0, at)
  }

  line() {
    return h('span', { class: 'line' }, this.row.map(({ text, style, kind }) => {
      if (style === plain && !kind) return text
      const span = h('span', { class: [kind, ...(style.classes ?? [])].filter(Boolean).join(' ') }, text)
      const [front, back] = style.inverse ? [style.back ?? 'var(--panel)', style.front ?? 'var(--text)'] : [style.front, style.back]
      if (front) span.style.color = front
      if (back) span.style.backgroundColor = back
      return span
    }))
  }

  finish() {
    const line = this.line()
    line.append('\n') // so that it can be copied as it was
    this.lines++
    this.row = []
    this.column = null
    return line
  }

  trim() {
    if (this.lines < mostLines) return
    if (!this.gone) this.element.prepend(this.gone = h('div', { class: 'gone' }))
    for (; this.lines > fewerLines; this.lines--) this.gone.nextSibling.remove()
    this.gone.textContent = 'Earlier lines are not shown here; GET /executions/{id}/output has all of them.'
  }
}

const plain = {}

// restyle is a style after an SGR sequence. Each style is its own object, and equal ones are the same only by chance: that
// costs an element, nothing else.
function restyle(before, parameters) {
  const codes = parameters.replaceAll(':', ';').split(';').map(Number)
  let style = { ...before, classes: new Set(before.classes) }
  while (codes.length) {
    const code = codes.shift()
    if (code === 0) style = { classes: new Set() }
    else if (code === 7) style.inverse = true
    else if (code === 27) style.inverse = false
    else if (code === 22) ['bold', 'dim'].forEach((name) => style.classes.delete(name))
    else if (attributes[code]) style.classes.add(attributes[code])
    else if (attributes[code - 20]) style.classes.delete(attributes[code - 20])
    else if (code === 38) style.front = extended(codes)
    else if (code === 48) style.back = extended(codes)
    else if (code === 39) delete style.front
    else if (code === 49) delete style.back
    else if (code >= 30 && code < 38) style.front = named(code - 30)
    else if (code >= 40 && code < 48) style.back = named(code - 40)
    else if (code >= 90 && code < 98) style.front = named(code - 82)
    else if (code >= 100 && code < 108) style.back = named(code - 92)
  }
  const bare = !style.classes.size && !style.inverse && !style.front && !style.back
  return bare ? plain : style
}

const attributes = { 1: 'bold', 2: 'dim', 3: 'italic', 4: 'underline', 9: 'strike' }

// named is one of the 16 colours that the style sheet chooses, so that they can be read on light and on dark.
function named(n) {
  return `var(--ansi-${n})`
}

function extended(codes) {
  const mode = codes.shift()
  if (mode === 2) return `rgb(${codes.splice(0, 3).map((n) => n & 255).join(' ')})`
  const n = codes.shift() & 255
  if (n < 16) return named(n)
  if (n >= 232) return `rgb(${Array(3).fill(8 + 10 * (n - 232)).join(' ')})`
  const level = (v) => (v ? 55 + 40 * v : 0)
  return `rgb(${[Math.floor((n - 16) / 36), Math.floor((n - 16) / 6) % 6, (n - 16) % 6].map(level).join(' ')})`
}

// ansi is a whole text at once.
export function ansi(text, kind) {
  const shown = new ANSIText()
  shown.write(text, kind)
  return shown.element
}
