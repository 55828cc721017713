// The panel for files: a directory, an editor, uploads.
import { json, query, request, accessToken, address } from './api.js'
import { CurlBar } from './curl.js'
import { button, bytes, guarded, h } from './dom.js'
import { FileEditor } from './fileeditor.js'
import { Uploads } from './upload.js'

export class FilesPanel {
  constructor() {
    this.path = h('input', { type: 'text', 'aria-label': 'Directory', spellcheck: 'false', value: '~' })
    this.rows = h('tbody')
    this.curl = new CurlBar()
    this.curl.show('GET', `/directories/list${query({ path: '~' })}`)
    this.uploads = new Uploads((...request) => this.curl.text(...request), () => this.list())
    this.editor = new FileEditor(this.curl, () => this.list())
    this.picker = h('input', { type: 'file', multiple: true, hidden: true, onchange: () => {
      this.upload(this.picker.files)
      this.picker.value = ''
    } })
    const go = guarded((event) => {
      event.preventDefault()
      return this.list(this.path.value)
    })
    this.listing = h('div', { class: 'scroll list' }, h('table', { class: 'grid files' },
      h('thead', {}, h('tr', {}, ['Name', 'Size', 'Changed', 'Mode', ''].map((name) => h('th', { scope: 'col', class: `col-${name.toLowerCase()}` }, name || h('span', { class: 'unseen' }, 'Actions'))))),
      this.rows))
    this.element = h('div', { class: 'panel', ondragover: (event) => event.preventDefault(), ondrop: (event) => this.drop(event) },
      h('form', { class: 'bar', onsubmit: go }, button('↑', guarded(() => this.list(parent(this.at))), { 'aria-label': 'Parent directory' }),
        h('label', { class: 'wide' }, 'Directory', this.path), h('button', { type: 'submit' }, 'Go'),
        button('New file', guarded(() => this.create())), button('New directory', guarded(() => this.mkdir())),
        button('Upload', () => this.picker.click(), { class: 'primary' }), this.picker),
      this.uploads.element, h('div', { class: 'split' }, this.listing, this.editor.element), this.curl.element)
  }

  show() {
    if (!this.at) guarded(() => this.list('~'))()
  }

  open(path) {
    return guarded(() => this.list(path))()
  }

  // list shows a directory; execd says where ~ and variables lead. What is asked for later, or typed meanwhile, stays.
  async list(path = this.at) {
    const turn = (this.turn ?? 0) + 1
    this.turn = turn
    const typed = this.path.value
    const info = await json('GET', `/files/info${query({ path })}`)
    const at = info[path].path
    const entries = await json('GET', `/directories/list${query({ path: at })}`)
    if (turn !== this.turn) return
    this.at = at
    if (this.path.value === typed) this.path.value = at
    this.curl.show('GET', `/directories/list${query({ path: at })}`)
    const sorted = entries.toSorted((a, b) => (b.type === 'directory') - (a.type === 'directory') || a.path.localeCompare(b.path))
    this.rows.replaceChildren(...sorted.map((entry) => this.row(entry)))
    if (!sorted.length) this.rows.append(h('tr', {}, h('td', { colspan: 5, class: 'empty' }, 'Nothing in here. Drop files to upload them.')))
  }

  row(entry) {
    const name = entry.path.slice(entry.path.lastIndexOf('/') + 1)
    const directory = entry.type === 'directory'
    const enter = guarded(() => (directory ? this.list(entry.path) : this.editor.open(entry)))
    return h('tr', { 'data-path': entry.path },
      h('td', { class: 'what' }, button(name + (directory ? '/' : ''), enter, { class: `name ${entry.type}`, title: entry.path })),
      h('td', { class: 'number col-size' }, directory ? '' : bytes(entry.size)),
      h('td', { class: 'col-changed', title: entry.modified_at }, new Date(entry.modified_at).toLocaleString(undefined, { dateStyle: 'short', timeStyle: 'short' })),
      h('td', { class: 'number col-mode' }, String(entry.mode).padStart(3, '0')),
      h('td', { class: 'actions' },
        !directory && button('Download', guarded(() => this.download(entry.path, name)), { class: 'small', 'aria-label': `Download ${name}` }),
        button('Rename', guarded(() => this.rename(entry.path, name)), { class: 'small', 'aria-label': `Rename ${name}` }),
        button('Delete', guarded(() => this.remove(entry)), { class: 'small', 'aria-label': `Delete ${name}` })))
  }

  // download hands the file to the browser. Where a token is needed, which a link cannot send, it goes through memory.
  async download(path, name) {
    const from = `/files/download${query({ path })}`
    this.curl.show('GET', from, { save: name })
    const link = h('a', { download: name, href: address(from) })
    if (accessToken()) link.href = URL.createObjectURL(await (await request('GET', from)).blob())
    link.click()
    if (accessToken()) setTimeout(() => URL.revokeObjectURL(link.href), 60_000)
  }

  async create() {
    const name = prompt('Name of the new file')
    if (!name) return
    const path = join(this.at, name)
    await request('PUT', `/files/upload${query({ path, mode: 644 })}`, { body: '', headers: { 'If-None-Match': '*' } })
    await this.list()
    await this.editor.open({ path, size: 0 })
  }

  async mkdir() {
    const name = prompt('Name of the new directory')
    if (!name) return
    const body = { [join(this.at, name)]: {} }
    await request('POST', '/directories', { body })
    await this.list()
    this.curl.show('POST', '/directories', { body })
  }

  async rename(path, name) {
    const to = prompt(`New name of ${name}`, name)
    if (!to || to === name) return
    const body = [{ src: path, dest: to.startsWith('/') ? to : join(parent(path), to) }]
    await request('POST', '/files/mv', { body })
    await this.list()
    this.curl.show('POST', '/files/mv', { body })
  }

  async remove({ path, type }) {
    if (!confirm(`Delete ${path}${type === 'directory' ? ' and everything in it' : ''}?`)) return
    const target = `/${type === 'directory' ? 'directories' : 'files'}${query({ path })}`
    await request('DELETE', target)
    this.editor.gone(path)
    await this.list()
    this.curl.show('DELETE', target)
  }

  upload(files) {
    for (const file of files) this.uploads.add(file, join(this.at, file.name))
  }

  drop(event) {
    event.preventDefault()
    this.upload(event.dataTransfer.files)
  }
}

function parent(path) {
  return path.slice(0, path.lastIndexOf('/')) || '/'
}

function join(directory, name) {
  return `${directory === '/' ? '' : directory}/${name}`
}
