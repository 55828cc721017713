// Whether execd answers. Whoever loses it says so with down, and waits with up until it is back.

let online = true
let waiting = []
let instance = ''
const listeners = new Set()

export function onLink(listener) {
  listeners.add(listener)
  listener(online)
}

function tell(now) {
  if (now === online) return
  online = now
  for (const listener of listeners) listener(online)
}

// met remembers which execd answered: the ids that it gives to requests begin with what is its own.
export function met(response) {
  const id = response.headers.get('X-Request-Id') ?? ''
  if (id.includes('-')) instance = id.split('-')[0]
  tell(true)
}

// who is the execd that answered last: another one after a restart.
export function who() {
  return instance
}

export function down() {
  if (!online) return
  tell(false)
  probe()
}

// patience is for the answer to a probe, in milliseconds. Where one connection has fallen silent others may have, and a
// browser goes on using those until their request is given up.
const patience = 3000

// probe asks, more and more seldom, until there is an answer. A 503 is an execd that ends.
async function probe() {
  for (let pause = 100; ; pause = Math.min(2 * pause, 2000)) {
    await new Promise((resolve) => setTimeout(resolve, pause))
    try {
      const response = await fetch(new URL('../ping', import.meta.url), { cache: 'no-store', signal: AbortSignal.timeout(patience) })
      if (response.status !== 503) {
        met(response)
        break
      }
    } catch { /* not yet */ }
  }
  for (const go of waiting) go()
  waiting = []
}

// up waits for execd, at least for a moment so that nobody asks it in a circle.
export async function up(signal) {
  await new Promise((resolve) => setTimeout(resolve, 100))
  if (!online) {
    await new Promise((resolve, reject) => {
      waiting.push(resolve)
      signal?.addEventListener('abort', () => reject(signal.reason))
    })
  }
  signal?.throwIfAborted()
}
