// Does with the OpenSandbox SDK for JavaScript what its users do, against execd behind a stand-in of the lifecycle API.
//   node sdk.cjs CLIENTS DOMAIN DIRECTORY
const [clients, domain, directory] = process.argv.slice(2)
const { ConnectionConfig, Sandbox } = require(clients + '/node_modules/@alibaba-group/opensandbox')
const assert = require('assert/strict')

const text = (messages) => messages.map((m) => m.text).join('')

async function commands({ commands }) {
  const done = await commands.run('echo out; echo err >&2; exit 3')
  assert.deepEqual([text(done.logs.stdout), text(done.logs.stderr), done.exitCode], ['out', 'err', 3])
  const there = await commands.run('echo $PWD $NAME', { workingDirectory: directory, envs: { NAME: 'välue' }, timeoutSeconds: 60 })
  assert.equal(text(there.logs.stdout), directory + ' välue')

  const streamed = []
  for await (const event of commands.runStream('echo one; echo two')) streamed.push(event.type)
  assert.deepEqual(streamed.filter((t) => t !== 'ping'), ['init', 'stdout', 'stdout', 'execution_complete'])

  const begun = await commands.run('echo begun; sleep 600', { background: true })
  assert.equal((await commands.getCommandStatus(begun.id)).running, true)
  while (!(await commands.getBackgroundCommandLogs(begun.id)).content.includes('begun')) { /* again */ }
  await commands.interrupt(begun.id)
  assert.equal((await commands.getCommandStatus(begun.id)).running, false)

  const session = await commands.createSession({ workingDirectory: directory })
  await commands.runInSession(session, 'x=kept; cd /')
  assert.equal(text((await commands.runInSession(session, 'echo $x $PWD')).logs.stdout), 'kept /')
  await commands.deleteSession(session)
}

async function files({ files }) {
  const [a, b] = [directory + '/js/a ä.txt', directory + '/js/b.bin']
  const data = Uint8Array.from({ length: 1 << 20 }, (_, i) => i * 31)
  await files.writeFiles([{ path: a, data: 'one\ntwo\nthree ä\n', mode: 640 }, { path: b, data }])
  assert.equal(await files.readFile(a), 'one\ntwo\nthree ä\n')
  assert.equal(await files.readFile(a, { range: 'bytes=4-6' }), 'two')
  assert.equal(await files.readFile(a, { offset: 2, limit: 1 }), 'two\n')
  assert.deepEqual(await files.readBytes(b), data)
  const chunks = []
  for await (const chunk of files.readBytesStream(b)) chunks.push(chunk)
  assert.deepEqual(Uint8Array.from(Buffer.concat(chunks)), data)
  await files.replaceContents([{ path: a, oldContent: 'two', newContent: '2' }])
  assert.deepEqual(await files.replaceContentsDetailed([{ path: a, oldContent: 'e', newContent: 'E' }]), [{ path: a, replacedCount: 3 }])
  assert.equal(await files.readFile(a), 'onE\n2\nthrEE ä\n')
  assert.equal((await files.getFileInfo([a]))[a].mode, 640)
  await files.setPermissions([{ path: a, mode: 600 }])
  await files.createDirectories([{ path: directory + '/js/deep/er', mode: 755 }])
  await files.moveFiles([{ src: a, dest: directory + '/js/deep/er/moved.txt' }])
  const names = (list) => list.map((f) => f.path.slice(directory.length))
  assert.deepEqual(names(await files.listDirectory({ path: directory + '/js', depth: 2 })), ['/js/b.bin', '/js/deep', '/js/deep/er'])
  assert.deepEqual(names(await files.search({ path: directory + '/js', pattern: '**/*.txt' })), ['/js/deep/er/moved.txt'])
  await files.deleteFiles([b])
  await files.deleteDirectories([directory + '/js/deep'])
  assert.deepEqual(await files.listDirectory({ path: directory + '/js' }), [])
  await assert.rejects(files.readFile(b))
}

async function metrics({ metrics }) {
  const sample = await metrics.getMetrics()
  assert.ok(sample.cpuCount >= 1 && sample.memoryTotalMiB > 0, JSON.stringify(sample))
}

async function main() {
  const sandbox = await Sandbox.connect({ sandboxId: 'a-sandbox', connectionConfig: new ConnectionConfig({ domain, apiKey: 'a-key' }) })
  for (const part of [commands, files, metrics]) {
    await part(sandbox)
    console.log(part.name)
  }
  await sandbox.close()
}

main().catch((error) => { console.error(error); process.exit(1) })
