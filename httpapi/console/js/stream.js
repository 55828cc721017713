// Server-Sent Events by fetch, because an EventSource sends no token; and runs that are followed through cuts and restarts.
import { APIError, Unreachable, request } from './api.js'
import { down, up, who } from './link.js'
import { takeSlot } from './slots.js'

const terminal = new Set(['execution_complete', 'error'])

// frames reads the events of one response, as {id, data}. An id is 0 for what is in no log. Where execd is set to bare JSON
// there are no ids; the events of a log are numbered from 1, so they can be counted. It ends early when stop is aborted.
export async function* frames(response, after = 0, stop = undefined) {
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader()
  let rest = ''
  const cancel = () => { reader.cancel().catch(() => {}) }
  stop?.addEventListener('abort', cancel)
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
    stop?.removeEventListener('abort', cancel)
    cancel()
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

// answered is the response to a request that execd answers at once, or Unreachable.
async function answered(ask, signal) {
  const limit = new AbortController()
  const timer = setTimeout(() => limit.abort(new Unreachable()), silence)
  try {
    return await ask(signal ? AbortSignal.any([signal, limit.signal]) : limit.signal)
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

// broken are errors that say nothing about the run, but why its stream ends.
const broken = ['ServerClosing', 'EventsEvicted', 'EventsRemoved']

function loose({ type, status, error }) {
  return type === 'ping' || status === 'started' || broken.includes(error?.ename)
}

// Lost is a run that ended together with its execd.
export class Lost extends Error {
  constructor() {
    super('This run is gone: execd was restarted, and it has ended with the old one')
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
  let cut = false
  const first = who()
  for (;;) {
    const slot = await takeSlot(signal)
    let why = ''
    try {
      const response = id
        ? await answered((signal) => request('GET', `/executions/${id}/events`, { headers: last ? { 'Last-Event-ID': String(last) } : {}, signal }), signal)
        : await begin(signal)
      if (response.status === 204) return
      id = response.headers.get('X-Execd-Execution-Id')
      onID?.(id)
      if (cut) onBack?.()
      cut = false
      for await (const event of frames(response, last, slot.over.signal)) {
        if (event.id) last = event.id
        if (event.data.type === 'ping') continue
        if (!event.id && broken.includes(event.data.error?.ename)) {
          why = event.data.error.ename
          break
        }
        yield event
        over ||= event.id > 0 && terminal.has(event.data.type)
      }
      if (over) return
      if (slot.over.signal.aborted) continue // another's turn
      if (why && why !== 'ServerClosing') continue // execd says what is left when it is asked
    } catch (error) {
      signal?.throwIfAborted()
      if (over) return
      const gone = afterFailure(error, cut)
      if (gone) {
        last = gone - 1
        yield { id: 0, data: { type: 'status', status: `events before ${gone} are gone` } }
        continue
      }
    } finally {
      slot.release()
    }
    signal?.throwIfAborted()
    cut = true
    down()
    onCut?.()
    await up(signal)
    if (!id && first && who() !== first) throw new Error('execd was restarted before it answered; whether this ran is unknown')
  }
}

// afterFailure returns the oldest event that is left, where others were asked for, and nothing where it is worth to go on; and
// throws what ends a run for us.
function afterFailure(error, cut) {
  if (error instanceof Unreachable || error instanceof TypeError) return 0
  if (error instanceof APIError) {
    if (error.status === 410) return error.oldest
    if (error.status === 404 && cut) throw new Lost()
    if (error.status === 503 && cut) return 0
  }
  throw error
}

// watch yields the objects of an endless stream that has no ids, and begins it again whenever it ends. Nobody looks at a
// page in the background, and other tabs need its connection.
export async function* watch(path, signal) {
  for (;;) {
    await seen(signal)
    const hidden = new AbortController()
    const hide = () => { if (document.hidden) hidden.abort() }
    document.addEventListener('visibilitychange', hide)
    try {
      const response = await answered((signal) => request('GET', path, { signal }), signal)
      for await (const { data } of frames(response, 0, hidden.signal)) yield data
    } catch (error) {
      signal?.throwIfAborted()
      if (error instanceof APIError && error.status !== 503 && error.status !== 429) throw error
    } finally {
      document.removeEventListener('visibilitychange', hide)
    }
    if (hidden.signal.aborted) continue
    down()
    await up(signal)
  }
}

// seen waits until the page is in the foreground.
async function seen(signal) {
  while (document.hidden) {
    await new Promise((resolve) => document.addEventListener('visibilitychange', resolve, { once: true }))
    signal?.throwIfAborted()
  }
}
