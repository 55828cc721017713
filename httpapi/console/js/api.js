// Requests to execd, with the access token where one is needed.
import { down, met } from './link.js'

// The API is beside the page, also where a proxy puts a prefix before both.
const root = new URL('../', import.meta.url)
const stored = 'execd.token'

export class APIError extends Error {
  constructor(status, { code = '', message = '', oldest } = {}) {
    super(message || `execd answered with status ${status}`)
    Object.assign(this, { status, code, oldest })
  }
}

// Unreachable is a request that got no answer.
export class Unreachable extends Error {
  constructor() {
    super('execd does not answer')
  }
}

// The token lives as long as the tab, and is in no address and no cookie: no other site can have it sent.
let token = sessionStorage.getItem(stored) ?? ''

export function accessToken() {
  return token
}

export function setToken(value) {
  token = value
  if (value) sessionStorage.setItem(stored, value)
  else sessionStorage.removeItem(stored)
}

let askForToken = async () => {}

// onUnauthorized sets who asks a person for the token.
export function onUnauthorized(ask) {
  askForToken = ask
}

export function address(path) {
  return new URL(path.replace(/^\//, ''), root)
}

export function query(parameters) {
  const q = new URLSearchParams()
  for (const [name, value] of Object.entries(parameters)) {
    if (value !== '' && value != null) q.append(name, value)
  }
  return q.size ? `?${q}` : ''
}

// octets is a text in UTF-8, a character for each byte: what a header, and btoa, take for bytes.
export function octets(text) {
  return Array.from(new TextEncoder().encode(text), (b) => String.fromCharCode(b)).join('')
}

// request returns the response to a request, or throws an APIError, or Unreachable. A body that is a plain object is sent as JSON.
export async function request(method, path, { body, headers = {}, signal } = {}) {
  const plain = body?.constructor === Object || Array.isArray(body)
  const sent = plain ? JSON.stringify(body) : body
  for (;;) {
    const used = token
    const all = { ...headers, ...(plain && { 'Content-Type': 'application/json' }), ...(used && { 'X-EXECD-ACCESS-TOKEN': octets(used) }) }
    let response
    try {
      response = await fetch(address(path), { method, body: sent, headers: all, signal, cache: 'no-store', redirect: 'error' })
    } catch (error) {
      signal?.throwIfAborted()
      if (!(error instanceof TypeError)) throw error
      down()
      throw new Unreachable()
    }
    met(response)
    if (response.status === 401) {
      await askForToken(used)
      signal?.throwIfAborted()
      continue
    }
    if (response.ok || response.status === 304) return response
    throw new APIError(response.status, await response.json().catch(() => ({})))
  }
}

export async function json(method, path, options) {
  return (await request(method, path, options)).json()
}
