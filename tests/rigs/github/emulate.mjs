// A seed in JSON on a line comes in; a GitHub server on 127.0.0.1 that has nothing else goes out.
import readline from 'node:readline'
import { createEmulator } from 'emulate'

let github
for await (const line of readline.createInterface({ input: process.stdin })) {
  const seed = JSON.parse(line)
  await github?.close()
  github = await createEmulator({ service: 'github', port: 0, hostname: '127.0.0.1', seed })
  console.log(JSON.stringify({ port: Number(new URL(github.url).port) }))
}
await github?.close()
