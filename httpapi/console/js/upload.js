// Uploads that survive a cut connection, a restart of execd and a closed tab: the tus protocol 1.0, at /files/uploads.
import { Unreachable, octets, query, request } from './api.js'
import { button, bytes, guarded, h } from './dom.js'
import { curlLine } from './curl.js'
import { up } from './link.js'

const tus = { 'Tus-Resumable': '1.0.0' }
const chunk = 4 << 20 // is sent anew when it is cut; and a step of the progress

export class Uploads {
  constructor(describe, done) {
    Object.assign(this, { describe, done })
    this.element = h('ul', { class: 'uploads', 'aria-label': 'Uploads' })
  }

  add(file, path) {
    const upload = new Upload(file, path, this.done)
    this.element.append(upload.element)
    this.describe(curlLine('PUT', `/files/upload${query({ path })}`, { upload: file.name }))
    upload.run()
  }
}

class Upload {
  constructor(file, path, done) {
    Object.assign(this, { file, path, done })
    this.stored = `execd.upload ${path} ${file.size} ${file.lastModified}`
    this.bar = h('progress', { max: Math.max(file.size, 1), value: 0, 'aria-label': `Upload of ${file.name}` })
    this.text = h('span', { class: 'number', role: 'status' })
    this.toggle = button('Pause', () => this.pause(), { class: 'small' })
    this.element = h('li', {}, h('span', { class: 'name' }, file.name), this.bar, this.text, this.toggle,
      button('Cancel', guarded(() => this.cancel()), { class: 'small' }))
  }

  say(text) {
    this.text.textContent = text
  }

  async run() {
    this.abort = new AbortController()
    this.toggle.textContent = 'Pause'
    try {
      await this.send(this.abort.signal)
      localStorage.removeItem(this.stored)
      this.say('done')
      this.toggle.remove()
      this.element.lastChild.textContent = 'Hide'
      await this.done()
    } catch (error) {
      if (this.abort.signal.aborted) return
      this.say(error.message)
      this.toggle.textContent = 'Try again'
    }
  }

  // send goes on where execd is, as often as the connection breaks.
  async send(signal) {
    for (;;) {
      try {
        let at = await this.begin(signal)
        this.progress(at)
        while (at < this.file.size) {
          const response = await request('PATCH', this.url, {
            body: this.file.slice(at, at + chunk), signal,
            headers: { ...tus, 'Upload-Offset': String(at), 'Content-Type': 'application/offset+octet-stream' },
          })
          at = Number(response.headers.get('Upload-Offset'))
          this.progress(at)
        }
        return
      } catch (error) {
        if (!(error instanceof Unreachable) && error.status !== 503 && ![409, 423].includes(error.status)) throw error
        this.say('reconnecting')
        await up(signal)
      }
    }
  }

  // begin returns how much execd has: of this upload, of one of the same file before, or nothing of a new one.
  async begin(signal) {
    this.url ??= localStorage.getItem(this.stored)
    if (this.url) {
      try {
        const response = await request('HEAD', this.url, { headers: tus, signal })
        return Number(response.headers.get('Upload-Offset'))
      } catch (error) {
        if (error.status !== 404) throw error
      }
    }
    const path = btoa(octets(this.path))
    const headers = { ...tus, 'Upload-Length': String(this.file.size), 'Upload-Metadata': `path ${path},mode ${btoa('644')}` }
    const response = await request('POST', '/files/uploads', { headers, signal })
    this.url = `/files/uploads/${response.headers.get('Location').split('/').pop()}`
    localStorage.setItem(this.stored, this.url)
    return Number(response.headers.get('Upload-Offset') ?? 0)
  }

  progress(at) {
    this.bar.value = this.file.size ? at : 1
    this.say(`${bytes(at)} of ${bytes(this.file.size)}`)
  }

  pause() {
    if (this.toggle.textContent === 'Pause') {
      this.abort.abort()
      this.toggle.textContent = 'Go on'
      this.say(`paused at ${this.text.textContent}`)
    } else {
      this.run()
    }
  }

  async cancel() {
    const finished = !this.toggle.isConnected
    this.abort.abort()
    this.element.remove()
    localStorage.removeItem(this.stored)
    if (this.url && !finished) await request('DELETE', this.url, { headers: tus }).catch(() => {}) // it expires anyway
  }
}
