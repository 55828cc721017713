// Server-Sent Events by fetch, because an EventSource sends no token; and runs that are followed through cuts and restarts.
import { APIError, Unreachable, request } from './api.js'
import { down, up, who } from './link.js'

const terminal = new Set(['execution_complete', 'error'])

// frames reads the events of one response, as {id, data}. An id is 0 for what is in no log. Where execd is set to bare JSON
// there are no ids; the events of a log are numbered from 1, so they can be counted.
export async function* frames(response, after = 0) {
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader()
  let rest = ''
  try {
    for (;;) {
      const { value, done } = await beforeSilence(reader.read())
      if (done) return
      const blocks = (rest + value).split('\n\n')
      rest = blocks.pop()
      for (const block of blocks) {
        const event = parse(block, after)
        if (!event) continue
        if (event.id) after = event.id
        yield event
      }
    }
  } finally {
    reader.cancel().catch(() => {})
  }
}

// silence is too long without a byte: execd pings after 3 s, so the connection is dead, whatever the system still thinks.
const silence = 15_000

async function beforeSilence(read) {
  let timer
  const late = new Promise((_, reject) => { timer = setTimeout(() => reject(new Unreachable()), silence) })
  try {
    return await Promise.race([read, late])
  } finally {
    clearTimeout(timer)
  }
}

function parse(block, after) {
  let id = 0
  let data = ''
  for (const line of block.split('\n')) {
    if (line.startsWith('id: ')) id = Number(line.slice(4))
    else if (line.startsWith('data: ')) data += line.slice(6)
    else if (line.startsWith('{')) {
      data = line
      id = loose(JSON.parse(line)) ? 0 : after + 1
    }
  }
  return data && { id, data: JSON.parse(data) }
}

function loose({ type, status, error }) {
  return type === 'ping' || status === 'started' || ['ServerClosing', 'EventsEvicted', 'EventsRemoved'].includes(error?.ename)
}

// Lost is a run that ended together with its execd.
export class Lost extends Error {
  constructor() {
    super('execd was restarted, and this run has ended with the old one')
  }
}

function key() {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (b) => b.toString(16).padStart(2, '0')).join('')
}

// start begins a run by a POST and follows it to its end.
export function start(path, body, options = {}) {
  const headers = { 'Idempotency-Key': key() } // so that a request whose answer was cut off may be sent again
  return follow((signal) => request('POST', path, { body, headers, signal }), options)
}

// attach follows a run from its first event.
export function attach(id, options = {}) {
  return follow(null, { ...options, id })
}

// follow yields the events of a run, each once, until its terminal event. Where the connection breaks it waits for execd and
// goes on behind the last event. onID learns the run's id, onCut and onBack that the stream is broken, and that it goes on.
async function* follow(begin, { id = '', signal, onID, onCut, onBack }) {
  let last = 0
  let over = false
  const first = who()
  for (let tries = 0; ; tries++) {
    try {
      const response = id
        ? await request('GET', `/executions/${id}/events`, { headers: last ? { 'Last-Event-ID': String(last) } : {}, signal })
        : await begin(signal)
      if (response.status === 204) return
      id = response.headers.get('X-Execd-Execution-Id')
      onID?.(id)
      if (tries) onBack?.()
      for await (const event of frames(response, last)) {
        if (event.id) last = event.id
        if (event.data.type === 'ping') continue
        if (event.data.error?.ename === 'ServerClosing' && !event.id) break
        yield event
        over ||= event.id > 0 && terminal.has(event.data.type)
      }
      if (over) return
    } catch (error) {
      signal?.throwIfAborted()
      if (over) return
      if (error instanceof APIError) {
        if (error.status === 410) {
          last = error.oldest - 1
          yield { id: 0, data: { type: 'status', status: `events before ${error.oldest} are gone` } }
          continue
        }
        if (error.status === 404 && tries) throw new Lost()
        if (error.status !== 503 || !tries) throw error
        down()
      } else if (!(error instanceof Unreachable || error instanceof TypeError)) {
        throw error
      } else {
        down()
      }
    }
    signal?.throwIfAborted()
    onCut?.()
    await up(signal)
    if (!id && first && who() !== first) throw new Error('execd was restarted before it answered; whether this ran is unknown')
  }
}

// watch yields the objects of an endless stream that has no ids, and begins it again whenever it ends.
export async function* watch(path, signal) {
  for (;;) {
    try {
      for await (const { data } of frames(await request('GET', path, { signal }))) yield data
    } catch (error) {
      signal?.throwIfAborted()
      if (error instanceof APIError && error.status !== 503 && error.status !== 429) throw error
    }
    down()
    await up(signal)
  }
}
