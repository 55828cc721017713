// A file to edit. It is saved only over the version that was opened (If-Match), so nobody's change is lost.
import { query, request } from './api.js'
import { button, bytes, guarded, h } from './dom.js'
import { CodeField } from './editor.js'

const mostText = 2 << 20 // beyond it a text field is no fun
const images = { png: 'image/png', jpg: 'image/jpeg', jpeg: 'image/jpeg', gif: 'image/gif', webp: 'image/webp', svg: 'image/svg+xml' }

export class FileEditor {
  constructor(curl, saved) {
    Object.assign(this, { curl, saved })
    this.title = h('strong', { class: 'title' })
    this.save = button('Save', guarded(() => this.write(this.etag)), { class: 'primary' })
    this.warning = h('div', { class: 'conflict', role: 'alert', hidden: true })
    this.field = new CodeField({ label: 'Content of the file', enter: false, run: () => {}, change: () => this.touch() })
    this.field.submit = guarded(() => this.write(this.etag))
    this.preview = h('div', { class: 'preview', hidden: true })
    this.element = h('div', { class: 'detail edit', hidden: true, onkeydown: (event) => this.key(event) },
      h('div', { class: 'bar' }, this.title, h('span', { class: 'space' }), this.save, button('Close', () => this.close())),
      this.warning, this.field.element, this.preview)
  }

  key(event) {
    if (event.key !== 's' || !(event.ctrlKey || event.metaKey)) return
    event.preventDefault()
    guarded(() => this.write(this.etag))()
  }

  async open({ path, size }) {
    this.path = path
    this.element.hidden = false
    this.warning.hidden = this.preview.hidden = true
    this.field.element.hidden = this.save.hidden = true
    this.title.textContent = path
    this.curl.show('GET', `/files/download${query({ path })}`)
    const kind = images[path.split('.').pop().toLowerCase()]
    if (size > mostText) {
      this.tell(`${bytes(size)} are too many to edit here. Download it.`)
      return
    }
    const response = await request('GET', `/files/download${query({ path })}`)
    const content = await response.arrayBuffer()
    if (kind) {
      this.image(content, kind)
      return
    }
    let text
    try {
      text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(content)
    } catch {
      this.tell('This is no text in UTF-8. Download it.')
      return
    }
    this.etag = response.headers.get('ETag')
    this.crlf = text.includes('\r\n') && !/[^\r]\n/.test(text) // a text field has LF only
    this.field.element.hidden = this.save.hidden = false
    this.field.value = this.original = text.replaceAll('\r\n', '\n')
    this.touch()
    this.field.element.focus()
    this.field.element.setSelectionRange(0, 0)
  }

  tell(text) {
    this.preview.hidden = false
    this.preview.replaceChildren(h('p', { class: 'empty' }, text))
  }

  image(content, type) {
    this.preview.hidden = false
    const src = URL.createObjectURL(new Blob([content], { type }))
    this.preview.replaceChildren(h('img', { src, alt: this.path, onload: () => URL.revokeObjectURL(src) }))
  }

  touch() {
    this.save.disabled = this.field.value === this.original
  }

  // write saves over the version that is named.
  async write(etag) {
    const value = this.field.value
    const body = this.crlf ? value.replaceAll('\n', '\r\n') : value
    const target = `/files/upload${query({ path: this.path })}`
    const headers = { 'If-Match': etag }
    try {
      const response = await request('PUT', target, { body, headers })
      this.etag = response.headers.get('ETag')
      this.original = value
      this.warning.hidden = true
      this.touch()
      await this.saved()
      this.curl.show('PUT', target, { upload: this.path.split('/').pop(), headers })
    } catch (error) {
      if (error.status !== 412) throw error
      await this.conflict()
    }
  }

  // conflict lets a person choose: somebody has changed the file meanwhile.
  async conflict() {
    const path = query({ path: this.path })
    const now = await request('HEAD', `/files/download${path}`).then((r) => r.headers.get('ETag'), () => null)
    this.warning.hidden = false
    this.warning.replaceChildren(now ? 'Somebody else has changed this file since you opened it. ' : 'This file is gone. ',
      now && button('Load theirs', guarded(() => this.open({ path: this.path, size: 0 }))), ' ',
      now ? button('Save over it', guarded(() => this.write(now))) : button('Close', () => this.close()))
  }

  close() {
    this.element.hidden = true
    this.path = null
  }

  gone(path) {
    if (this.path === path) this.close()
  }
}
