// One terminal: xterm.js on a WebSocket of execd, which is connected again when it breaks.
import './xtermstyle.js'
import { FitAddon } from './addon-fit.mjs'
import { Terminal } from './xterm.mjs'
import { accessToken, address, json, octets } from './api.js'
import { button, guarded, h } from './dom.js'
import { down, up } from './link.js'

const takenOver = 4001
const [stdin, stdout, stderr, replay] = [0, 1, 2, 3] // first bytes of frames

export class TerminalView {
  constructor(id, changed) {
    Object.assign(this, { id, changed })
    this.state = 'idle'
    this.offset = 0 // of the next byte that is to come
    this.note = h('div', { class: 'note', hidden: true, role: 'status' })
    this.screen = h('div', { class: 'screen' })
    this.element = h('div', { class: 'term', hidden: true }, this.screen, this.note)
    this.term = new Terminal({ cursorBlink: true, scrollback: 5000, fontFamily: font('--mono'), fontSize: 14, theme: theme(), minimumContrastRatio: 4.5 })
    this.fit = new FitAddon()
    this.term.loadAddon(this.fit)
    this.term.onData((text) => this.send(new TextEncoder().encode(text)))
    this.term.onBinary((text) => this.send(Uint8Array.from(text, (c) => c.charCodeAt(0))))
    this.term.onResize(() => this.resize())
    this.term.attachCustomKeyEventHandler((event) => event.key !== 'F6') // is the page's
    matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => { this.term.options.theme = theme() })
    new ResizeObserver(() => this.refit()).observe(this.screen)
  }

  // shown is called when there is room: xterm.js measures its letters when it is opened.
  shown() {
    if (!this.term.element) this.term.open(this.screen)
    this.refit()
  }

  refit() {
    if (this.term.element && this.screen.clientWidth) this.fit.fit()
  }

  move(state, text = '', ...actions) {
    this.state = state
    this.note.hidden = !text
    this.note.replaceChildren(text, ...actions)
    this.changed()
  }

  // connect takes the seat of the terminal, unless somebody else has it and takeover is not wanted.
  async connect({ takeover = false, watch = false } = {}) {
    if (['connecting', 'connected'].includes(this.state)) return
    this.move('connecting', 'connecting …')
    let now
    try {
      now = await json('GET', `/pty/${this.id}`) // asks for the token if need be; a WebSocket does not say why it failed
    } catch (error) {
      if (error.status === 404) this.move('lost', 'This terminal is gone: it ended, or execd was restarted.')
      else this.again()
      return
    }
    if (now.held && !takeover && !watch) {
      this.move('held', 'Somebody else types here. ', button('Watch', guarded(() => this.connect({ watch: true }))),
        button('Take over', guarded(() => this.connect({ takeover: true })), { class: 'primary' }))
      return
    }
    const url = address(`/pty/${this.id}/ws?since=${this.offset}${takeover ? '&takeover=1' : ''}${watch ? '&role=observer' : ''}`)
    url.protocol = url.protocol.replace('http', 'ws')
    this.watching = watch
    this.socket = new WebSocket(url, protocols())
    this.socket.binaryType = 'arraybuffer'
    this.socket.onmessage = ({ data }) => (typeof data === 'string' ? this.told(JSON.parse(data)) : this.print(new Uint8Array(data)))
    this.socket.onclose = ({ code }) => this.closed(code)
  }

  print(frame) {
    if (frame[0] === replay) {
      this.offset = Number(new DataView(frame.buffer).getBigUint64(1)) + frame.length - 9
      this.term.write(frame.subarray(9))
    } else if (frame[0] === stdout || frame[0] === stderr) {
      this.offset += frame.length - 1
      this.term.write(frame.subarray(1))
    }
  }

  told({ type, execution_id: execution, exit_code: code, signal, code: problem, error }) {
    if (type === 'connected') {
      this.execution = execution
      this.move('connected', this.watching ? 'You watch. ' : '')
      this.resize()
    } else if (type === 'exit') {
      this.exit = signal ?? `exit ${code}`
    } else if (type === 'error') {
      this.move(this.state, `${problem}: ${error}`)
    }
  }

  closed(code) {
    if (this.state === 'closed') return
    const anew = button('Start again', guarded(() => {
      this.exit = ''
      return this.connect()
    }))
    if (this.exit) this.move('ended', `The process has ended (${this.exit}). `, anew)
    else if (code === takenOver) this.move('held', 'Somebody else has taken this terminal over. ', button('Take it back', guarded(() => this.connect({ takeover: true }))))
    else this.again()
  }

  // again connects when execd is back, behind what was shown. The old connection may still have the seat, unnoticed.
  async again() {
    this.move('cut', 'reconnecting …')
    down()
    await up()
    if (this.state === 'cut') await this.connect({ takeover: !this.watching, watch: this.watching })
  }

  send(bytes) {
    if (this.socket?.readyState !== WebSocket.OPEN || this.watching) return
    const frame = new Uint8Array(bytes.length + 1)
    frame[0] = stdin
    frame.set(bytes, 1)
    this.socket.send(frame)
  }

  resize() {
    if (this.socket?.readyState !== WebSocket.OPEN || this.watching) return
    this.socket.send(JSON.stringify({ type: 'resize', cols: this.term.cols, rows: this.term.rows }))
  }

  close() {
    this.state = 'closed'
    this.socket?.close()
    this.term.dispose()
  }
}

// protocols carry the token: a browser sends no header of ours with a WebSocket.
function protocols() {
  const token = accessToken()
  if (!token) return ['execd.terminal']
  return ['execd.terminal', `execd.token.${btoa(octets(token)).replaceAll('+', '-').replaceAll('/', '_').replace(/=+$/, '')}`]
}

function font(name) {
  return getComputedStyle(document.documentElement).getPropertyValue(name).trim()
}

// theme is that of the style sheet.
function theme() {
  const names = ['black', 'red', 'green', 'yellow', 'blue', 'magenta', 'cyan', 'white']
  const bright = names.map((name) => `bright${name[0].toUpperCase()}${name.slice(1)}`)
  const colours = Object.fromEntries([...names, ...bright].map((name, i) => [name, font(`--ansi-${i}`)]))
  return { ...colours, background: font('--panel'), foreground: font('--text'), cursor: font('--accent'), cursorAccent: font('--panel'), selectionBackground: font('--selection') }
}
