// A person at the console, in a real Chromium. Reads what to do from standard input, one JSON object on a line, and answers each.
//   node person.cjs CLIENTS CHROMIUM
const [clients, executablePath] = process.argv.slice(2)
const { chromium } = require(clients + '/node_modules/playwright-core')
const assert = require('assert/strict')
const readline = require('readline')

const args = ['--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
  '--disable-component-update', '--disable-sync']
const patience = 30_000
const expected = /Content Security Policy|net::ERR_|status of 4\d\d|status of 503|Failed to load resource|Password forms/

// Seat is a page and what was noticed about it.
class Seat {
  static async open(browser, { url, dark, clock }) {
    const seat = new Seat()
    seat.context = await browser.newContext({ viewport: { width: 1100, height: 700 }, colorScheme: dark ? 'dark' : 'light', acceptDownloads: true })
    seat.context.setDefaultTimeout(patience)
    Object.assign(seat, { base: url, clients, requests: [], problems: [], refused: [] })
    seat.context.on('request', (request) => seat.requests.push(request.url()))
    seat.context.on('console', (message) => {
      if (message.text().includes('Content Security Policy')) seat.refused.push(message.text())
      if (message.type() === 'error' && !expected.test(message.text())) seat.problems.push(message.text())
    })
    seat.context.on('requestfailed', (request) => {
      if (/csp|BLOCKED/i.test(request.failure().errorText)) seat.requests.splice(seat.requests.indexOf(request.url()), 1) // was none
    })
    seat.page = await seat.context.newPage()
    seat.page.on('pageerror', (error) => seat.problems.push(error.stack))
    if (clock) await seat.page.clock.install() // which goes as it always does, and can be put forward
    await seat.page.goto(url + '/ui')
    return seat
  }

  // go shows a panel and returns it.
  async go(name) {
    await this.page.click(`#tab-${name}`)
    const panel = this.page.locator(`#panel-${name}`)
    await panel.waitFor()
    return panel
  }

  // run types into a panel's field and returns the run that comes of it.
  async run(panel, text, keys) {
    const before = await panel.locator('.run').count()
    await panel.locator('.compose textarea').fill(text)
    await panel.locator('.compose textarea').press(keys)
    const run = panel.locator('.run').nth(before)
    await run.waitFor()
    return run
  }

  async ended(run, text) {
    await run.locator('.chip[data-state=done], .chip[data-state=failed]').waitFor()
    if (text) assert.equal(await run.locator('.chip').innerText(), text)
  }

  // until looks until there is something to see, and says what there was instead.
  async until(what, look) {
    const end = Date.now() + patience
    for (let seen; ;) {
      seen = await look()
      if (seen) return seen
      if (Date.now() > end) throw new Error(`in vain waited for: ${what}`)
      await this.page.waitForTimeout(20)
    }
  }

  async contains(locator, text) {
    let last = ''
    await this.until(text, async () => (last = await locator.innerText()).includes(text)).catch((error) => {
      throw new Error(`${error.message}; there is ${last.slice(-1000)}`)
    })
  }
}

const steps = { ...require('./runs.cjs'), ...require('./panels.cjs') }

async function main() {
  const browser = await chromium.launch({ executablePath, args })
  let seat
  for await (const line of readline.createInterface({ input: process.stdin })) {
    const { do: name, ...rest } = JSON.parse(line)
    let answer = {}
    try {
      if (name === 'open') {
        await seat?.context.close()
        seat = await Seat.open(browser, rest)
      } else {
        answer.seen = await steps[name](seat, rest)
      }
      assert.deepEqual(seat.problems, [])
    } catch (error) {
      answer = { error: error.stack }
    }
    console.log(JSON.stringify(answer))
  }
  await browser.close()
}

main().catch((error) => { console.error(error); process.exit(1) })
