// GitHub's own workflow parser and expression evaluator; a line of JSON in, a line of JSON out.
//   { op: 'parse', kind: 'workflow' | 'action', name, text }  ->  { errors, value }
//   { op: 'evaluate', value, contexts, status }               ->  { value } or { error }
// In a value an expression that is still to be evaluated is { "${{": "its text" }.
import { registerHooks } from 'node:module'
import readline from 'node:readline'

// The parser imports its schemas without the attribute that Node wants of JSON.
registerHooks({
  load: (url, context, next) =>
    next(url, url.endsWith('.json') ? { ...context, importAttributes: { type: 'json' } } : context),
})
const { convertWorkflowTemplate, isBasicExpression, isBoolean, isMapping, isNumber, isSequence,
  isString, NoOperationTraceWriter, parseWorkflow } = await import('@actions/workflow-parser')
const { parseAction } = await import('@actions/workflow-parser/actions/action-parser')
const { data, Evaluator, Lexer, Parser } = await import('@actions/expressions')
const { replacer } = await import('@actions/expressions/data/replacer')
const { reviver } = await import('@actions/expressions/data/reviver')

const EXPRESSION = '${{'

function plain(token) {
  if (isBasicExpression(token)) return { [EXPRESSION]: token.expression }
  if (isString(token) || isBoolean(token) || isNumber(token)) return token.value
  if (isSequence(token)) return [...token].map(plain)
  if (isMapping(token)) {
    return Object.fromEntries([...token].map(({ key, value }) => [key.toString(), plain(value)]))
  }
  return null
}

async function parse({ kind, name, text }) {
  const file = { name, content: text }
  const trace = new NoOperationTraceWriter()
  const { context, value } = kind === 'action' ? parseAction(file, trace) : parseWorkflow(file, trace)
  if (kind === 'workflow' && value) await convertWorkflowTemplate(context, value)
  const errors = context.errors.getErrors().map((error) => error.message)
  return { errors, value: value ? plain(value) : null }
}

// https://docs.github.com/actions/reference/evaluate-expressions-in-workflows-and-actions#status-check-functions
const STATUS = ['success', 'failure', 'cancelled', 'always']

function evaluateOne(expression, contexts, status) {
  const answers = { ...status, always: true }
  const functions = STATUS.map((name) => ({
    name, minArgs: 0, maxArgs: 0, call: () => new data.BooleanData(answers[name]),
  }))
  const tokens = new Lexer(expression).lex().tokens
  const names = contexts.pairs().map(({ key }) => key)
  const tree = new Parser(tokens, names, functions).parse()
  const byName = new Map(functions.map((each) => [each.name, each]))
  return JSON.parse(JSON.stringify(new Evaluator(tree, contexts, byName).evaluate(), replacer))
}

function evaluateAll(value, contexts, status) {
  if (Array.isArray(value)) return value.map((each) => evaluateAll(each, contexts, status))
  if (value === null || typeof value !== 'object') return value
  if (EXPRESSION in value) return evaluateOne(value[EXPRESSION], contexts, status)
  return Object.fromEntries(
    Object.entries(value).map(([key, each]) => [key, evaluateAll(each, contexts, status)]),
  )
}

function evaluate({ value, contexts, status }) {
  try {
    const known = JSON.parse(JSON.stringify(contexts), reviver)
    return { value: evaluateAll(value, known, status) }
  } catch (error) {
    return { error: error.message }
  }
}

for await (const line of readline.createInterface({ input: process.stdin })) {
  const asked = JSON.parse(line)
  const answer = asked.op === 'parse' ? await parse(asked) : evaluate(asked)
  console.log(JSON.stringify(answer))
}
