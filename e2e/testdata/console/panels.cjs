// What a person does with terminals, files, metrics and the page itself.
const assert = require('assert/strict')
const fs = require('fs')

const shown = (panel) => panel.locator('.term:visible .xterm-rows')

module.exports = {
  async token(seat, { wrong, right }) {
    const dialog = seat.page.locator('dialog[open]')
    await dialog.waitFor()
    await dialog.locator('input').fill(wrong)
    await dialog.locator('input').press('Enter')
    await seat.contains(dialog.locator('.wrong'), 'refused')
    await dialog.locator('input').fill(right)
    await dialog.locator('input').press('Enter')
    await dialog.waitFor({ state: 'hidden' })
    await seat.page.locator('#token').waitFor()
    await seat.page.reload()
    await seat.page.locator('#link[data-state=online]').waitFor()
    assert.equal(await dialog.count(), 0)
  },

  // terminal types into a new one.
  async terminal(seat, { type, see }) {
    const panel = await seat.go('terminal')
    if (!await panel.locator('.tab').count()) await panel.getByText('New terminal').click()
    await panel.locator('.tab[data-state=connected]').waitFor()
    await panel.locator('.term:visible textarea').focus()
    await seat.page.keyboard.type(type)
    await seat.page.keyboard.press('Enter')
    await seat.contains(shown(panel), see)
    return shown(panel).innerText()
  },

  // reconnected waits until the terminal has its connection again.
  async reconnected(seat) {
    await seat.page.locator('#panel-terminal .tab[data-state=connected]').waitFor({ state: 'attached' })
  },

  // terminalLost sees that a terminal has ended with its execd, and that the next one does not have it.
  async terminalLost(seat) {
    const panel = await seat.go('terminal')
    await panel.locator('.tab[data-state=ended]').first().waitFor()
    await panel.locator('.note:visible').getByText('Start again').click()
    await panel.locator('.tab[data-state=lost]').waitFor()
    await seat.contains(panel.locator('.note:visible'), 'This terminal is gone')
  },

  async browse(seat, { path }) {
    const panel = await seat.go('files')
    await panel.locator('form input[type=text]').fill(path)
    await panel.locator('form input[type=text]').press('Enter')
    await seat.until(path, async () => (await panel.locator('.curl code').innerText()).includes(String(new URLSearchParams({ path }))))
  },

  async edit(seat, { name, add }) {
    const panel = seat.page.locator('#panel-files')
    await panel.locator(`button.name[title$="/${name}"]`).click()
    const field = panel.locator('.edit textarea')
    await field.waitFor()
    await seat.until('its text', async () => (await panel.locator('.edit .title').innerText()).endsWith(name))
    await field.press('Control+End')
    await field.pressSequentially(add)
    return field.inputValue()
  },

  async save(seat, { conflict, choose }) {
    const panel = seat.page.locator('#panel-files')
    await panel.locator('.edit textarea').press('Control+s')
    if (conflict) {
      await seat.contains(panel.locator('.conflict'), conflict)
      await panel.locator('.conflict').getByText(choose).click()
      await panel.locator('.conflict').waitFor({ state: 'hidden' })
    }
    if (choose !== 'Load theirs') await panel.locator('.edit button.primary:disabled').waitFor()
    return panel.locator('.edit textarea').inputValue()
  },

  async create(seat, { name }) {
    const panel = seat.page.locator('#panel-files')
    seat.page.once('dialog', (dialog) => dialog.accept(name))
    await panel.getByText('New file').click()
    await seat.until(name, async () => (await panel.locator('.edit .title').innerText()).endsWith(name))
  },

  async remove(seat, { name }) {
    const panel = seat.page.locator('#panel-files')
    seat.page.once('dialog', (dialog) => dialog.accept())
    await panel.locator(`button[aria-label="Delete ${name}"]`).click()
    await panel.locator(`button[aria-label="Delete ${name}"]`).waitFor({ state: 'detached' })
  },

  // upload begins one, on a slow line, pauses it when some of it has come, and goes on.
  async upload(seat, { file }) {
    const panel = seat.page.locator('#panel-files')
    const line = await seat.context.newCDPSession(seat.page)
    await line.send('Network.enable')
    await line.send('Network.emulateNetworkConditions', { offline: false, latency: 0, downloadThroughput: -1, uploadThroughput: 8 << 20 })
    await panel.locator('input[type=file]').setInputFiles(file)
    const bar = panel.locator('.uploads progress')
    await seat.until('progress', () => bar.evaluate((b) => b.value > 0 && b.value < b.max))
    const toggle = panel.locator('.uploads button').first()
    assert.equal(await toggle.innerText(), 'Pause')
    await toggle.click()
    assert.equal(await toggle.innerText(), 'Go on')
    await toggle.click()
    assert.equal(await toggle.innerText(), 'Pause')
  },

  // again reloads the page in the middle of an upload, and chooses the file anew.
  async again(seat, { file, path }) {
    await seat.page.reload()
    await module.exports.browse(seat, { path })
    const uploads = seat.page.locator('#panel-files .uploads')
    await seat.page.locator('#panel-files input[type=file]').setInputFiles(file)
    const first = await seat.until('progress', () => uploads.locator('progress').evaluate((b) => b.value))
    assert.ok(first >= 4 << 20, `it begins at ${first}`)
    await seat.contains(uploads, 'done')
    assert.equal(seat.requests.filter((url) => url.endsWith('/files/uploads')).length, 1)
  },

  // taken sees that somebody else types now, and takes the terminal back.
  async taken(seat) {
    const panel = await seat.go('terminal')
    await seat.contains(panel.locator('.note:visible'), 'taken this terminal over')
    await panel.getByText('Take it back').click()
    await panel.locator('.tab[data-state=connected]').waitFor()
  },

  // held opens a terminal that somebody else types on, and watches.
  async held(seat, { see }) {
    const panel = await seat.go('terminal')
    await panel.locator('.tab[data-state=idle] button').first().click()
    await seat.contains(panel.locator('.note:visible'), 'Somebody else types here')
    await panel.getByText('Watch').click()
    await seat.contains(panel.locator('.note:visible'), 'You watch')
    await seat.contains(shown(panel), see)
  },

  async uploaded(seat) {
    await seat.contains(seat.page.locator('#panel-files .uploads'), 'done')
  },

  async download(seat, { name, into }) {
    const [download] = await Promise.all([seat.page.waitForEvent('download'), seat.page.click(`button[aria-label="Download ${name}"]`)])
    assert.equal(download.suggestedFilename(), name)
    await download.saveAs(into)
  },

  // metrics move.
  async metrics(seat) {
    const panel = await seat.go('metrics')
    await panel.locator('select').selectOption('200')
    const line = panel.locator('.plot .line').first()
    const points = async () => ((await line.getAttribute('d')) ?? '').split('L').length
    const before = await points()
    await seat.until('more samples', async () => await points() >= before + 3)
    assert.match(await panel.locator('.plot strong').first().innerText(), /^[\d.]+ %$/)
  },

  // visible has the browser tell the page whether it is in the foreground.
  async visible(seat, { yes }) {
    await seat.page.evaluate((hidden) => {
      Object.defineProperty(document, 'hidden', { value: hidden, configurable: true })
      document.dispatchEvent(new Event('visibilitychange'))
    }, !yes)
  },

  // keyboard goes through the page without a pointer.
  async keyboard(seat) {
    const { page } = seat
    const focused = () => page.evaluate(() => document.activeElement.id || document.activeElement.textContent)
    await seat.go('executions')
    await page.reload()
    await page.locator('#panel-executions:visible').waitFor()
    await page.keyboard.press('Tab')
    assert.equal(await focused(), 'Skip to the panel')
    await page.keyboard.press('Tab')
    const first = await focused()
    assert.match(first, /^tab-/)
    await page.keyboard.press('Home')
    await seat.until('code', async () => await page.locator('#panel-code:visible').count())
    await page.keyboard.press('F6')
    assert.equal(await focused(), 'tab-code')
    await page.keyboard.press('ArrowRight')
    assert.equal(await focused(), 'tab-command')
    await page.keyboard.press('End')
    assert.equal(await focused(), 'tab-executions')
    await seat.until('executions', async () => await page.locator('#panel-executions:visible').count())
    assert.equal(await page.locator('[role=tab][aria-selected=true]').count(), 1)
  },

  // accessible has axe judge every panel as it is: names, roles, contrast.
  async accessible(seat) {
    await seat.page.evaluate(fs.readFileSync(require.resolve(`${seat.clients}/node_modules/axe-core/axe.min.js`), 'utf8'))
    for (const name of ['code', 'command', 'terminal', 'files', 'metrics', 'executions']) {
      await seat.go(name)
      const { violations, passes } = await seat.page.evaluate(() => window.axe.run(document, { iframes: false }))
      assert.deepEqual(violations.map((v) => `${name}: ${v.help}: ${v.nodes[0].html}`), [])
      assert.ok(passes.length > 20)
    }
  },

  async colours(seat) {
    return seat.page.evaluate(() => getComputedStyle(document.documentElement).backgroundColor)
  },

  async narrow(seat) {
    await seat.page.setViewportSize({ width: 360, height: 640 })
    for (const name of ['code', 'command', 'files', 'metrics', 'executions']) {
      await seat.go(name)
      const wide = await seat.page.evaluate(() => document.documentElement.scrollWidth)
      assert.ok(wide <= 360, `${name} is ${wide} wide`)
    }
    await seat.page.setViewportSize({ width: 1100, height: 700 })
  },
}
