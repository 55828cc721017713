// Elements, made in one expression.

// h makes an element. What begins with "on" is a listener; true and false set and leave out an attribute.
export function h(tag, props = {}, ...children) {
  return fill(document.createElement(tag), props, children)
}

// svg is h for SVG.
export function svg(tag, props = {}, ...children) {
  return fill(document.createElementNS('http://www.w3.org/2000/svg', tag), props, children)
}

function fill(element, props, children) {
  for (const [name, value] of Object.entries(props)) {
    if (name.startsWith('on')) element.addEventListener(name.slice(2), value)
    else if (name === 'value') element.value = value
    else if (value === true) element.setAttribute(name, '')
    else if (value !== false && value != null) element.setAttribute(name, value)
  }
  element.append(...children.flat(Infinity).filter((child) => child != null && child !== false))
  return element
}

// button is one that a screen reader and a pointer are told the same about.
export function button(label, onclick, props = {}) {
  return h('button', { type: 'button', onclick, ...props }, label)
}

// toast says what went wrong, for a while, or until it is clicked.
export function toast(text) {
  const note = h('div', { class: 'toast', onclick: () => note.remove() }, text)
  document.getElementById('toasts').append(note)
  setTimeout(() => note.remove(), 8000)
}

// guarded makes a listener whose failure is said.
export function guarded(work) {
  return async (event) => {
    try {
      await work(event)
    } catch (error) {
      if (error.name !== 'AbortError') toast(error.message)
    }
  }
}

// following makes an area that shows its end go on showing it whenever what is in it has grown, of which an event tells. To
// measure it each time would take longer than everything else, so that is done once for all that has come together.
export function following(area) {
  let end = true
  let top = 0
  let soon = 0
  area.addEventListener('scroll', () => {
    const near = area.scrollHeight - area.scrollTop - area.clientHeight < 40
    end = area.scrollTop < top ? near : end || near // only who scrolls up wants to stay there
    top = area.scrollTop
  })
  area.addEventListener('grown', () => {
    if (!end) return
    soon ||= setTimeout(() => {
      soon = 0
      area.scrollTop = area.scrollHeight
    }, 30)
  })
  return area
}

export function bytes(n) {
  for (const unit of ['B', 'KiB', 'MiB', 'GiB']) {
    if (n < 1024) return `${n < 10 && unit !== 'B' ? n.toFixed(1) : Math.round(n)} ${unit}`
    n /= 1024
  }
  return `${n.toFixed(1)} TiB`
}

export function duration(ms) {
  if (ms < 1000) return `${Math.round(ms)} ms`
  if (ms < 60_000) return `${(ms / 1000).toFixed(1)} s`
  const s = Math.floor(ms / 1000)
  const parts = [Math.floor(s / 3600), Math.floor(s / 60) % 60, s % 60].map((n) => String(n).padStart(2, '0'))
  return parts.join(':')
}
