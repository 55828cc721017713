// What a person does with code, commands and executions.
const assert = require('assert/strict')

const table = `class Table:
    def _repr_html_(self):
        return """<table class="dataframe"><tr><th>city</th></tr><tr><td>Rome</td></tr></table>
        <p id="ran"></p><p id="cookie"></p>
        <script>document.getElementById("ran").textContent = "a script ran at " + origin
        try { parent.document.title } catch (e) { document.getElementById("cookie").textContent = e.name }</script>
        <img src="OUTSIDE/image"><script src="OUTSIDE/script"></script><link rel="stylesheet" href="OUTSIDE/style">
        <script>fetch("OUTSIDE/fetch").catch(() => {}); navigator.sendBeacon("OUTSIDE/beacon")</script>"""
Table()`

const away = `from IPython.display import HTML
HTML("<script>location = 'OUTSIDE/away'</script>")`

const plot = `import base64, struct, zlib
from IPython.display import Image, display
def chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
width, height = 320, 120
rows = b"".join(b"\\0" + bytes(c for x in range(width) for c in ((15, 118, 110) if abs(y - 60 - 40 * ((x % 80) / 40 - 1)) < 3 else (255, 255, 255))) for y in range(height))
display(Image(b"\\x89PNG\\r\\n\\x1a\\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")))
print("\\x1b[32mgreen\\x1b[0m \\x1b[1;38;5;208morange\\x1b[0m")
print("1 %\\r100 %")
`

// follow attaches to a run, by the list of all, and returns it.
async function follow(seat, id) {
  const panel = await seat.go('executions')
  await panel.locator(`tr[data-id="${id}"] a`).click()
  return panel.locator(`.detail .run[data-execution="${id}"]`)
}

module.exports = {
  // code shows what a notebook shows.
  async code(seat, { outside }) {
    const panel = await seat.go('code')
    await seat.until('the kernel', () => panel.locator('select option[value=python]').count())
    const shown = await seat.run(panel, plot, 'Shift+Enter')
    await seat.ended(shown, 'ok')
    assert.deepEqual(await shown.locator('img').evaluate((img) => img.decode().then(() => [img.naturalWidth, img.naturalHeight])), [320, 120])
    assert.equal(await shown.locator('.label').innerText(), '[1]')
    const colours = await shown.locator('.line span').evaluateAll((all) => all.map((s) => [s.textContent, getComputedStyle(s).color]))
    assert.deepEqual([colours[0][0], colours[1]], ['green', ['orange', 'rgb(255, 135, 0)']])
    assert.match(await shown.locator('.text').innerText(), /^100 %/m)

    const html = await seat.run(panel, table.replaceAll('OUTSIDE', outside), 'Control+Enter')
    await seat.ended(html, 'ok')
    const frame = html.frameLocator('iframe')
    await seat.contains(frame.locator('body'), 'Rome')
    await seat.contains(frame.locator('#ran'), 'a script ran at null')
    await seat.contains(frame.locator('#cookie'), 'SecurityError')
    await seat.until('a frame as high as its content', async () => (await html.locator('iframe').boundingBox()).height > 80)

    const gone = await seat.run(panel, away.replace('OUTSIDE', outside), 'Shift+Enter')
    await seat.ended(gone, 'ok')
    await seat.until('a refused address', () => seat.refused.some((text) => text.includes(`${outside}/`) && text.includes('frame-src')))

    // Nor does it get to execd, for which the frame is a foreign page.
    const inward = await seat.run(panel, away.replace('OUTSIDE/away', `${seat.base}/executions`), 'Shift+Enter')
    await seat.ended(inward, 'ok')
    await seat.contains(inward.frameLocator('iframe').locator('body'), 'ORIGIN_NOT_ALLOWED')

    const failed = await seat.run(panel, 'def f(x):\n    return 1 / x\nf(0)', 'Shift+Enter')
    await seat.ended(failed, 'failed')
    await seat.contains(failed.locator('.failure strong'), 'ZeroDivisionError: division by zero')
    const red = failed.locator('.failure .line span', { hasText: 'ZeroDivisionError' }).first()
    assert.notEqual(await red.evaluate((s) => getComputedStyle(s).color), await failed.evaluate((s) => getComputedStyle(s).color))
    await seat.contains(frame.locator('body'), 'Rome') // and has not gone away
    const asks = await seat.run(panel, 'print("hello", input("name? "))', 'Shift+Enter')
    await asks.getByPlaceholder('name? ').waitFor()
    await asks.locator('.stdin input').fill('Ada')
    await asks.locator('.stdin input').press('Enter')
    await seat.ended(asks, 'ok')
    assert.match(await asks.locator('.output').innerText(), /name\? Ada\nhello Ada/)
    const first = await seat.run(panel, 'from IPython.display import display\nh = display("before", display_id=True)\n' +
      'import threading, time\nthreading.Thread(target=lambda: (time.sleep(0.2), print("late"))).start()', 'Shift+Enter')
    await seat.ended(first, 'ok')
    await seat.ended(await seat.run(panel, 'h.update("after")', 'Shift+Enter'), 'ok')
    await seat.contains(first.locator('.output'), 'after') // what another cell has updated
    await seat.contains(first.locator('.output'), 'late')
    await panel.getByText('Restart').click()
    const curl = await seat.run(panel, 'print("it\'s", 40 + 2)', 'Shift+Enter')
    await seat.ended(curl, 'ok')
    return panel.locator('.curl code').innerText()
  },

  // command shows output while it is printed, and takes input.
  async command(seat, { file }) {
    const panel = await seat.go('command')
    await panel.locator('input[type=checkbox]').check()
    const run = await seat.run(panel, `printf 'name? '; read name; echo "hello $name"; echo oops >&2; cat; until [ -e ${file} ]; do sleep 0.02; done; exit 3`, 'Enter')
    await seat.contains(run.locator('.output'), 'name?')
    await run.locator('.stdin input').fill('wörld')
    await run.locator('.stdin input').press('Enter')
    await seat.contains(run.locator('.output'), 'hello wörld')
    assert.equal(await run.locator('.stderr').innerText(), 'oops')
    await run.getByText('End of input').click()
    await run.locator('.chip[data-state=running]').waitFor()
    await panel.locator('input[type=checkbox]').uncheck()
    await panel.locator('.compose textarea').fill(`touch ${file}`)
    const line = await panel.locator('.curl code').innerText()
    await panel.locator('.compose textarea').press('Enter')
    await seat.ended(run, 'exit 3')
    return line
  },

  async interrupt(seat) {
    const panel = await seat.go('command')
    const run = await seat.run(panel, 'echo started; sleep 600', 'Enter')
    await seat.contains(run.locator('.output'), 'started')
    await run.getByText('Interrupt').click()
    await seat.ended(run, 'SIGTERM, interrupt')
  },

  // evicted attaches to a run whose first events are gone.
  async evicted(seat, { id, end }) {
    const run = await follow(seat, id)
    await seat.ended(run, 'exit 0')
    const text = await run.locator('.output').innerText()
    assert.match(text, /^events before \d+ are gone/)
    assert.ok(text.trim().endsWith(end), text.slice(-100))
  },

  // many run at once: more than a browser has connections.
  async many(seat, { count, command, expect }) {
    const panel = await seat.go('command')
    const runs = []
    for (let i = 0; i < count; i++) runs.push(await seat.run(panel, command, 'Enter'))
    for (const run of runs) {
      await seat.ended(run, 'exit 0')
      assert.equal((await run.locator('.output').innerText()).trim(), expect)
    }
  },

  // large shows the end of something that is too much for a page.
  async large(seat, { lines }) {
    const panel = await seat.go('command')
    const run = await seat.run(panel, `seq ${lines}`, 'Enter')
    await seat.ended(run, 'exit 0')
    const text = await run.locator('.output').innerText()
    assert.ok(text.startsWith('Earlier lines are not shown') && text.trim().endsWith(`\n${lines}`), text.slice(0, 200))
    assert.ok(await run.locator('.line').count() <= 5000)
    await seat.until('the end to be seen', () => panel.locator('.runs').evaluate((r) => r.scrollHeight - r.scrollTop - r.clientHeight < 40))
    const again = await follow(seat, await run.getAttribute('data-execution'))
    await seat.ended(again, 'exit 0')
    assert.match(await again.locator('.output').innerText(), new RegExp(`\n${lines}\\s*$`))
  },

  // begin runs something that goes on, until there is some output of it.
  async begin(seat, { command, until }) {
    const panel = await seat.go('command')
    seat.began = await seat.run(panel, command, 'Enter')
    await seat.contains(seat.began.locator('.output'), until)
    return seat.began.getAttribute('data-execution')
  },

  // finish waits for the end of what was begun and returns what it has shown.
  async finish(seat, { chip }) {
    await seat.ended(seat.began, chip)
    return (await seat.began.locator('.output').innerText()).trim()
  },

  // later puts the clock of the page forward.
  async later(seat, { ms }) {
    await seat.page.clock.fastForward(ms)
  },

  async link(seat, { state }) {
    await seat.page.locator(`#link[data-state=${state}]`).waitFor()
  },

  // attach finds a run among the executions and returns what it shows once it has ended.
  async attach(seat, { id, until, file }) {
    const run = await follow(seat, id)
    await seat.contains(run.locator('.output'), until)
    await run.locator('.chip[data-state=running]').waitFor()
    await run.getByText('Input', { exact: true }).click()
    await run.locator('.stdin input').fill('typed')
    await run.locator('.stdin input').press('Enter')
    await seat.contains(run.locator('.output'), 'got typed')
    require('fs').writeFileSync(file, '')
    await seat.ended(run, 'exit 0')
    await seat.until('its end in the list', () => seat.page.locator(`tr[data-id="${id}"] .chip[data-state=done]`).count())
    return (await run.locator('.output').innerText()).trim()
  },

  // requests are the origins of all that the page has asked for.
  async requests(seat, { token }) {
    const origins = new Set(seat.requests.map((url) => new URL(url)).filter((url) => !['data:', 'blob:'].includes(url.protocol)).map((url) => url.origin))
    assert.ok(seat.requests.length > 20)
    const forms = token ? [token, encodeURIComponent(token), Buffer.from(token).toString('base64url')] : []
    assert.ok(!seat.requests.some((url) => forms.some((form) => url.includes(form))), 'a token is in an address')
    return [...origins].join(' ')
  },
}
