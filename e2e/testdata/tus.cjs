// Uploads a file with tus-js-client, whose retries are those of a program that means it.
//   node tus.cjs CLIENTS ENDPOINT FILE PATH
const [clients, endpoint, file, path] = process.argv.slice(2)
const tus = require(clients + '/node_modules/tus-js-client')
const fs = require('fs')

let retries = 0
new tus.Upload(fs.createReadStream(file), {
  endpoint,
  uploadSize: fs.statSync(file).size,
  metadata: { path, mode: '640', filename: 'ignored' },
  retryDelays: Array(40).fill(20),
  onShouldRetry: () => { retries++; return true },
  onError: (error) => { console.error(String(error)); process.exit(1) },
  onSuccess: () => { console.log(JSON.stringify({ retries })) },
}).start()
