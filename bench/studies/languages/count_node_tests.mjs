// Counts the tests that node:test declares in each file, from the syntax tree of @babel/parser.
// Usage: node count_node_tests.mjs FOLDER   (prints a JSON object: path -> tests)

import { readdirSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join, relative } from 'node:path'

const { parse } = createRequire(join(process.cwd(), 'x.js'))('@babel/parser')
const SUFFIX = /\.[cm]?[jt]sx?$/
const MODULE = /^(node:)?test$/
const root = process.argv[2]
const counts = {}

function* files (folder) {
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    if (entry.name === 'node_modules' || entry.name.startsWith('.')) continue
    const path = join(folder, entry.name)
    if (entry.isDirectory()) yield * files(path)
    else if (entry.isFile() && SUFFIX.test(entry.name)) yield path
  }
}

function * nodes (node) {
  if (!node || typeof node.type !== 'string') return
  yield node
  for (const key of Object.keys(node)) {
    const value = node[key]
    for (const child of Array.isArray(value) ? value : [value]) yield * nodes(child)
  }
}

const isFunction = node => /Function/.test(node?.type ?? '')
const nameOf = node => node?.name ?? node?.value

function isRequired (node) {
  return node?.type === 'CallExpression' && node.callee.name === 'require' &&
    MODULE.test(node.arguments[0]?.value ?? '')
}

// Names of test functions, and of objects whose members are test functions.
function bindings (program) {
  const tests = new Set()
  const objects = new Set()
  const add = (imported, local) => {
    if (imported === 'test' || imported === 'it') tests.add(local)
    if (imported === 'default') { tests.add(local); objects.add(local) }
    if (imported === '*') objects.add(local)
    if (imported === 'test') objects.add(local)
  }
  for (const node of nodes(program)) {
    if (node.type === 'ImportDeclaration' && MODULE.test(node.source.value)) {
      for (const each of node.specifiers) {
        const imported = each.type === 'ImportDefaultSpecifier'
          ? 'default'
          : each.type === 'ImportNamespaceSpecifier' ? '*' : nameOf(each.imported)
        add(imported, each.local.name)
      }
    }
    if (node.type === 'VariableDeclarator') {
      const member = node.init?.type === 'MemberExpression' && isRequired(node.init.object)
      if (member) add(nameOf(node.init.property), node.id.name)
      else if (isRequired(node.init) && node.id.type === 'Identifier') add('default', node.id.name)
      else if (isRequired(node.init)) {
        for (const each of node.id.properties) add(nameOf(each.key), nameOf(each.value))
      }
    }
  }
  return { tests, objects }
}

function path (node) {
  if (node.type === 'Identifier') return [node.name]
  if (node.type === 'MemberExpression' && !node.computed) {
    const before = path(node.object)
    return before && [...before, node.property.name]
  }
  return null
}

function isTest (call, known, contexts) {
  let parts = path(call.callee)
  if (!parts || !call.arguments.some(argument => isFunction(argument) || argument.type === 'Identifier')) {
    return false
  }
  if (parts.length > 1 && ['skip', 'only', 'todo'].includes(parts.at(-1))) parts = parts.slice(0, -1)
  if (parts.length === 1) return known.tests.has(parts[0])
  const isMember = parts.length === 2 && ['test', 'it'].includes(parts[1])
  return isMember && (known.objects.has(parts[0]) || contexts.has(parts[0]))
}

function count (node, known, contexts) {
  if (!node || typeof node.type !== 'string') return 0
  let total = 0
  let inner = contexts
  if (node.type === 'CallExpression' && isTest(node, known, contexts)) {
    total += 1
    const first = node.arguments.find(isFunction)?.params[0]
    if (first?.type === 'Identifier') inner = new Set([...contexts, first.name])
  }
  for (const key of Object.keys(node)) {
    const value = node[key]
    for (const child of Array.isArray(value) ? value : [value]) total += count(child, known, inner)
  }
  return total
}

for (const file of files(root)) {
  const code = readFileSync(file, 'utf8')
  if (!/['"](node:)?test['"]/.test(code)) continue
  let tree
  try {
    tree = parse(code, {
      sourceType: 'unambiguous', errorRecovery: true, plugins: /ts/.test(file.slice(-3)) ? ['typescript'] : ['jsx']
    })
  } catch { continue }
  const total = count(tree.program, bindings(tree.program), new Set())
  if (total) counts[relative(root, file)] = total
}
process.stdout.write(JSON.stringify(counts))
