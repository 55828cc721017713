// The request of a panel as a line for a terminal.
import { accessToken, address } from './api.js'
import { button, h } from './dom.js'

// quote is a word that every POSIX shell reads as text.
function quote(text) {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`
}

// curlLine does what a request does. The token is not in it: the shell has it in EXECD_ACCESS_TOKEN.
export function curlLine(method, path, { body, headers = {}, stream = false, upload, save } = {}) {
  const words = ['curl', stream ? '-N' : '-sS']
  if (upload) words.push('-T', quote(upload))
  else if (method !== (body === undefined ? 'GET' : 'POST')) words.push('-X', method)
  words.push(quote(address(path).href))
  if (accessToken()) words.push('-H', '"X-EXECD-ACCESS-TOKEN: $EXECD_ACCESS_TOKEN"')
  for (const [name, value] of Object.entries(headers)) words.push('-H', quote(`${name}: ${value}`))
  if (body !== undefined) words.push('-d', quote(JSON.stringify(body)))
  if (save) words.push('-o', quote(save))
  return words.join(' ')
}

// CurlBar shows the line, and copies it.
export class CurlBar {
  constructor() {
    this.code = h('code', { role: 'textbox', 'aria-readonly': 'true', tabindex: '0', 'aria-label': 'The same with curl' })
    const copy = button('Copy', () => this.copy(copy), { class: 'small' })
    this.element = h('div', { class: 'curl' }, this.code, copy)
  }

  show(...request) {
    this.code.textContent = curlLine(...request)
  }

  text(text) {
    this.code.textContent = text
  }

  async copy(where) {
    try {
      await navigator.clipboard.writeText(this.code.textContent)
    } catch { // without TLS there is a clipboard at localhost only
      const range = document.createRange()
      range.selectNodeContents(this.code)
      getSelection().removeAllRanges()
      getSelection().addRange(range)
      document.execCommand('copy')
    }
    where.textContent = 'Copied'
    setTimeout(() => { where.textContent = 'Copy' }, 1500)
  }
}
