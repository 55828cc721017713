// The panel with what the machine does.
import { CurlBar } from './curl.js'
import { duration, guarded, h } from './dom.js'
import { Plot } from './plot.js'
import { watch } from './stream.js'

const percent = (v) => `${v.toFixed(v < 10 ? 1 : 0)} %`
const gigabytes = (mib) => `${(mib / 1024).toFixed(mib < 10240 ? 2 : 0)} GiB`
const number = (v) => String(Number(v.toFixed(2)))

export class MetricsPanel {
  constructor() {
    this.interval = h('select', { 'aria-label': 'Interval', onchange: () => this.begin() },
      [['200', '0.2 s'], ['1000', '1 s'], ['5000', '5 s']].map(([value, text]) => h('option', { value, selected: value === '1000' }, text)))
    this.facts = h('dl', { class: 'facts' })
    this.plots = {
      cpu: new Plot({ label: 'CPU', series: [''], most: 100, format: percent }),
      memory: new Plot({ label: 'Memory', series: ['used', 'swap'], format: gigabytes }),
      load: new Plot({ label: 'Load', series: ['1 min', '5 min', '15 min'], format: number }),
      disk: new Plot({ label: 'Disk', series: [''], most: 100, format: percent }),
      work: new Plot({ label: 'Running', series: ['executions', 'terminals', 'contexts'], format: number }),
      streams: new Plot({ label: 'Streams being read', series: [''], format: number }),
    }
    this.curl = new CurlBar()
    this.element = h('div', { class: 'panel' },
      h('div', { class: 'bar' }, h('label', {}, 'Every', this.interval), this.facts),
      h('div', { class: 'plots' }, Object.values(this.plots).map((plot) => plot.element)),
      this.curl.element)
    this.begin()
  }

  begin() {
    this.abort?.abort()
    this.abort = new AbortController()
    const path = `/metrics/watch?interval_ms=${this.interval.value}`
    this.curl.show('GET', path, { stream: true })
    guarded(async () => {
      for await (const sample of watch(path, this.abort.signal)) {
        if (sample.cpu_count !== undefined) this.take(sample)
      }
    })()
  }

  take(m) {
    const { cpu, memory, load, disk, work, streams } = this.plots
    cpu.add(m.cpu_used_pct)
    memory.most = m.mem_total_mib
    memory.add(m.mem_used_mib, m.swap_used_mib)
    load.add(m.load1, m.load5, m.load15)
    disk.add(m.disk_used_pct)
    work.add(m.executions, m.terminals, m.contexts)
    streams.add(m.streams)
    const facts = {
      Processors: number(m.cpu_limit), Memory: gigabytes(m.mem_total_mib), Disk: gigabytes(m.disk_total_mib),
      'execd runs': duration(m.uptime_s * 1000), 'machine runs': duration(m.host_uptime_s * 1000),
    }
    if (m.limited) facts.Machine = `${m.host.cpu_count} processors, ${gigabytes(m.host.mem_total_mib)}`
    this.facts.replaceChildren(...Object.entries(facts).flatMap(([name, value]) => [h('div', {}, h('dt', {}, name), h('dd', {}, value))]))
  }
}
