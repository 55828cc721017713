// What a notebook would show: the best of the MIME types that a result comes in.
import { address, octets } from './api.js'
import { ansi } from './ansi.js'
import { h } from './dom.js'

const renderers = [
  ['application/vnd.dataresource+json', (value) => dataTable(JSON.parse(value))],
  ['text/html', htmlFrame],
  ['image/svg+xml', (value, about) => image(`data:image/svg+xml;base64,${btoa(octets(value))}`, about)],
  ['image/png', (value, about) => image(`data:image/png;base64,${value}`, about)],
  ['image/jpeg', (value, about) => image(`data:image/jpeg;base64,${value}`, about)],
  ['image/gif', (value, about) => image(`data:image/gif;base64,${value}`, about)],
  ['image/webp', (value, about) => image(`data:image/webp;base64,${value}`, about)],
  ['application/json', (value) => h('pre', { class: 'json' }, JSON.stringify(JSON.parse(value), null, 2))],
  ['text/markdown', (value) => h('pre', {}, value)],
  ['text/latex', (value) => h('pre', {}, value)],
  ['text/plain', (value) => ansi(value)],
]

// rich is an element that shows results, by MIME type.
export function rich(results, metadata = {}) {
  for (const [type, render] of renderers) {
    if (!(type in results)) continue
    try {
      return h('div', { class: 'rich', 'data-mime': type }, render(results[type], metadata[type] ?? {}, results))
    } catch { /* not what it says it is: the next type may be */ }
  }
  return h('div', { class: 'rich' }, h('pre', {}, Object.keys(results).join(', ')))
}

function image(src, { width, height }) {
  return h('img', { src, width, height, alt: 'Image output', class: 'image' })
}

// frameHeights are those of the frames that are shown; a frame tells its own.
const frames = new Map()
addEventListener('message', ({ source, data }) => {
  const frame = frames.get(source)
  if (frame && Number.isFinite(data?.height)) frame.style.height = `${Math.min(Math.max(data.height, 20), 640)}px`
})

// htmlFrame shows HTML in an origin of its own, where its scripts reach nothing (see frame.html).
function htmlFrame(html, _about, results) {
  const frame = h('iframe', {
    src: address('ui/frame.html'), sandbox: 'allow-scripts', title: 'HTML output',
    onload() {
      for (const [source, known] of frames) if (!known.isConnected) frames.delete(source)
      frames.set(frame.contentWindow, frame)
      frame.contentWindow.postMessage({ html }, '*')
    },
  })
  const text = results['text/plain']
  return [frame, text && h('details', { class: 'source' }, h('summary', {}, 'as text'), ansi(text))].filter(Boolean)
}

// dataTable shows a Frictionless data resource, as pandas can send one.
function dataTable({ schema, data }) {
  const names = schema.fields.map((field) => field.name)
  return h('div', { class: 'scroll' }, h('table', { class: 'data' },
    h('thead', {}, h('tr', {}, names.map((name) => h('th', { scope: 'col' }, String(name))))),
    h('tbody', {}, data.slice(0, 500).map((row) => h('tr', {}, names.map((name) => h('td', {}, String(row[name] ?? ''))))))))
}
