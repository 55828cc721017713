// A plot of the newest samples, as SVG: the style sheet colours it, and it stays sharp.
import { h, svg } from './dom.js'

const width = 300
const height = 90

export class Plot {
  // most is the top of the scale, or 0 for that of the samples; format makes text of a value.
  constructor({ label, series, most = 0, format, length = 240 }) {
    Object.assign(this, { most, format, length })
    this.series = series.map((name, i) => ({
      name, values: [],
      line: svg('path', { class: `line s${i}`, 'vector-effect': 'non-scaling-stroke' }),
      area: svg('path', { class: `area s${i}` }),
      value: h('strong', { class: `s${i}` }, '–'),
    }))
    this.scale = h('span', { class: 'scale' })
    this.graph = svg('svg', { viewBox: `0 0 ${width} ${height}`, preserveAspectRatio: 'none', role: 'img', 'aria-label': label },
      [1, 2, 3].map((n) => svg('path', { class: 'grid', d: `M0 ${n * height / 4}H${width}`, 'vector-effect': 'non-scaling-stroke' })),
      this.series.map((s) => s.area), this.series.map((s) => s.line))
    this.element = h('figure', { class: 'plot' },
      h('figcaption', {}, h('span', {}, label),
        h('span', { class: 'values' }, this.series.map((s) => [s.name && h('span', { class: 'name' }, s.name), s.value]))),
      this.graph, this.scale)
  }

  add(...values) {
    this.series.forEach((s, i) => {
      s.values.push(values[i])
      if (s.values.length > this.length) s.values.shift()
      s.value.textContent = this.format(values[i])
    })
    this.draw()
  }

  draw() {
    const top = this.most || niceTop(Math.max(...this.series.flatMap((s) => s.values), 0))
    this.scale.textContent = this.format(top)
    for (const s of this.series) {
      const step = width / (this.length - 1)
      const from = width - (s.values.length - 1) * step
      const points = s.values.map((v, i) => `${(from + i * step).toFixed(1)} ${(height - 1 - (height - 4) * Math.min(v / top, 1)).toFixed(1)}`)
      s.line.setAttribute('d', `M${points.join('L')}`)
      s.area.setAttribute('d', `M${from.toFixed(1)} ${height}L${points.join('L')}L${width} ${height}Z`)
    }
    const now = this.series.map((s) => `${s.name} ${s.value.textContent}`.trim()).join(', ')
    this.graph.setAttribute('aria-description', `now ${now}`)
  }
}

// niceTop is 1, 2 or 5 times a power of ten, and not below the values.
function niceTop(value) {
  if (value <= 0) return 1
  const power = 10 ** Math.floor(Math.log10(value))
  return [1, 2, 5, 10].map((n) => n * power).find((n) => n >= value)
}
