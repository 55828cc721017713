// A browser has at most six connections to a server that speaks HTTP/1.1, for all of its tabs. Streams that last would take all
// of them, and nothing else would get through. So runs are read two at a time; while others wait, each has a turn, and is
// read on from its last event when it has its next.

const most = 2
const turn = 1000 // milliseconds

const holders = new Set()
const queue = []
let timer = 0

// takeSlot waits for a slot. Its holder gives it back with release, and soon when over is aborted.
export async function takeSlot(signal) {
  if (holders.size >= most) await inQueue(signal)
  const slot = {
    since: performance.now(),
    over: new AbortController(),
    release() {
      if (holders.delete(slot)) queue.shift()?.()
    },
  }
  holders.add(slot)
  return slot
}

function inQueue(signal) {
  const wait = new Promise((resolve, reject) => {
    queue.push(resolve)
    signal?.addEventListener('abort', () => {
      if (queue.includes(resolve)) queue.splice(queue.indexOf(resolve), 1)
      reject(signal.reason)
    }, { once: true })
  })
  if (!timer) timer = setInterval(rotate, turn / 4)
  return wait
}

// rotate ends the turn of whoever has had one, for each who waits.
function rotate() {
  if (!queue.length) {
    clearInterval(timer)
    timer = 0
    return
  }
  const now = performance.now()
  const had = [...holders].filter((slot) => now - slot.since >= turn && !slot.over.signal.aborted)
  for (const slot of had.slice(0, queue.length)) slot.over.abort()
}
