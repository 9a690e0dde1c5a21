// Prints the tests that Babel's parser finds in JavaScript and TypeScript files.
//
// Run: node babel_tests.mjs MODULES < FILES, where MODULES is a folder in which
// `npm install @babel/parser @babel/traverse` ran, and FILES has a path on each line.
// Prints one JSON object a file: {path, modules, tests: [{line, title}], error}.
//
// It shares no code and no rule with aqe: names are resolved by Babel's scopes, not by text.

import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { extname, join } from 'node:path'
import { argv, stdin, stdout } from 'node:process'

const load = createRequire(join(argv[2], 'package.json'))
const { parse } = load('@babel/parser')
const traverse = load('@babel/traverse').default

const TESTS = new Set(['it', 'test', 'specify', 'fit', 'xit', 'xtest', 'xspecify'])
const NO_TESTS = new Set([
  'after', 'afterAll', 'afterEach', 'before', 'beforeAll', 'beforeEach', 'bench', 'describe', 'extend', 'extendTest', 'hooks',
  'info', 'macro', 'mock', 'override', 'setTimeout', 'setup', 'skipRest', 'snapshot', 'step', 'suite', 'timeout', 'todo', 'use',
])
const RUNNERS = /^(vitest|@jest\/globals|@playwright\/test|playwright\/test|mocha|jasmine|ava|node:test|bun:test|tape|tap|uvu|qunit)$/

function testsOf(path) {
  const code = readFileSync(path, 'utf8')
  let tree
  try {
    tree = parsed(code, extname(path))
  } catch (error) {
    return { modules: [], tests: [], error: error.message }
  }
  const tests = []
  const modules = new Set()
  const wrappers = new Map() // a function of this file -> whether it declares a test for its caller
  try {
    traverse(tree, {
      ImportDeclaration({ node }) {
        if (node.importKind !== 'type') modules.add(node.source.value)
      },
      CallExpression(found) {
        const { node } = found
        if (node.callee.name === 'require' && node.arguments[0]?.type === 'StringLiteral') modules.add(node.arguments[0].value)
        if (isTest(found) && !isInWrapper(found, wrappers)) {
          found.skip() // runners refuse tests inside tests
          tests.push({ line: node.loc.start.line, title: code.slice(node.arguments[0].start, node.arguments[0].end).slice(0, 120) })
        }
      },
    })
  } catch (error) { // two declarations of a name: Babel's scopes refuse it
    return { modules: [...modules], tests, error: error.message }
  }
  return { modules: [...modules], tests, error: '' }
}

function parsed(code, suffix) {
  const typescript = /ts/.test(suffix)
  const common = ['decorators-legacy', 'explicitResourceManagement', 'importAttributes', 'decoratorAutoAccessors']
  const choices = typescript ? [['typescript', 'jsx'], ['typescript']] : [['flow', 'jsx'], ['typescript', 'jsx']]
  if (suffix.endsWith('ts')) choices.reverse()
  let last
  for (const plugins of choices) {
    try {
      const options = { sourceType: 'unambiguous', allowReturnOutsideFunction: true, allowAwaitOutsideFunction: true }
      return parse(code, { ...options, plugins: [...plugins, ...common] })
    } catch (error) {
      last ??= error
    }
  }
  throw last
}

// The identifier and members of a.b.c, a.b(...).c, a.b`...`.c; null for anything else.
function pathOf(callee) {
  const members = []
  let calls = 0
  for (let node = callee; ; ) {
    if (node.type === 'MemberExpression' && !node.computed) {
      members.unshift(node.property.name)
      node = node.object
    } else if (node.type === 'CallExpression') {
      calls++
      node = node.callee
    } else if (node.type === 'TaggedTemplateExpression') {
      calls++
      node = node.tag
    } else if (/^TS(NonNull|Instantiation|As)Expression$/.test(node.type)) {
      node = node.expression
    } else {
      return node.type === 'Identifier' ? { root: node.name, members, calls } : null
    }
  }
}

function isTest(found) {
  const { node } = found
  const path = pathOf(node.callee)
  if (!path || !node.arguments.length) return false
  let { root, members } = path
  if (isRunnerNamespace(root, found)) {
    [root, ...members] = members
    if (!TESTS.has(root)) return false
  } else if (!isTestName(root, found, 0)) return false
  if (members.some((name) => NO_TESTS.has(name))) return false
  if (importOf(root, found) && !TESTS.has(importOf(root, found).name) && !node.arguments.some(isFunction)) return false
  const last = members.at(-1)
  const isTable = node.callee.type === 'MemberExpression' && ['each', 'for', 'skipIf', 'runIf', 'todoIf', 'if'].includes(last)
  const given = node.arguments
  if (isTable && !(given.length > 1 && given.slice(1).some(isFunction))) return false
  if (path.calls && node.callee.type === 'MemberExpression' && !isTable) return given.some(isFunction)
  return given.length > 1 ? given.slice(1).some((argument) => isBody(argument, found)) : isFunction(given[0]) && isTitleless(found, root)
}

function isTitleless(found, root) {
  const module = importOf(root, found)?.module
  return module !== undefined && /^(ava|node:test|tape|tap|bun:test|test)$/.test(module)
}

function isFunction(node) {
  return node.type === 'ArrowFunctionExpression' || node.type === 'FunctionExpression'
}

function isBody(node, found) {
  if (isFunction(node)) return true
  if (node.type === 'Identifier' && node.name === 'undefined') return false
  if (node.type === 'Identifier') return !/^(String|Numeric|Boolean|Object)/.test(found.scope.getBinding(node.name)?.path.node?.init?.type ?? '')
  return ['CallExpression', 'MemberExpression', 'ConditionalExpression', 'TSAsExpression'].includes(node.type) && !isTextOrCondition(found.node.arguments)
}

// test.skip(condition, reason), where the reason is no function
function isTextOrCondition(given) {
  return !['StringLiteral', 'TemplateLiteral', 'BinaryExpression'].includes(given[0].type)
}

function importOf(name, found) {
  const binding = found.scope.getBinding(name)
  if (binding?.kind === 'module') {
    const { node, parent } = binding.path
    return { module: parent.source.value, name: node.imported?.name ?? (node.type === 'ImportDefaultSpecifier' ? 'default' : '*') }
  }
  const init = binding?.path.node.init
  const call = init?.type === 'CallExpression' && init.callee.name === 'require' ? init : null
  if (!call || call.arguments[0]?.type !== 'StringLiteral') return null
  const id = binding.path.node.id
  const property = id.type === 'ObjectPattern' ? id.properties.find((each) => each.value?.name === name) : null
  return { module: call.arguments[0].value, name: property ? property.key.name : 'default' }
}

function isRunnerNamespace(name, found) {
  const imported = importOf(name, found)
  return ['globalThis', 'window'].includes(name) || (imported !== null && imported.name === '*' && RUNNERS.test(imported.module))
}

// Whether a name is bound to a test function: global, imported, derived, or a wrapper of this file.
const known = new WeakMap() // binding -> answer; each is worked out once, and a circle is no test

function isTestName(name, found, depth) {
  const binding = found.scope.getBinding(name)
  if (!binding) return TESTS.has(name)
  if (!known.has(binding)) {
    known.set(binding, false)
    known.set(binding, isTestBinding(binding, name, found, depth))
  }
  return known.get(binding)
}

function isTestBinding(binding, name, found, depth) {
  if (depth > 6) return false
  if (binding.kind === 'param') return TESTS.has(name) && isBlock(binding.scope.path)
  const imported = importOf(name, found)
  if (imported) {
    if (imported.name === 'default') return /^(ava|node:test|tape|tap)$/.test(imported.module) || TESTS.has(name)
    return TESTS.has(imported.name) || (TESTS.has(name) && imported.name !== '*') || /^(it|test)[A-Z]/.test(imported.name)
  }
  const node = binding.path.node
  if (node.type === 'DeclareFunction') return TESTS.has(name)
  if (node.type === 'FunctionDeclaration') return returnsTest(binding.path, depth) || declaresTest(binding.path, depth)
  const init = node.init
  if (!init) return false
  if (isFunction(init)) return returnsTest(binding.path.get('init'), depth) || declaresTest(binding.path.get('init'), depth)
  return derivesTest(init, binding.path, depth)
}

function derivesTest(init, found, depth) {
  if (/^TS(As|Satisfies)Expression$/.test(init.type)) return derivesTest(init.expression, found, depth)
  if (init.type === 'Identifier') return init.name !== found.node.id?.name && isTestName(init.name, found, depth + 1)
  if (init.type === 'ConditionalExpression') return [init.consequent, init.alternate].some((node) => derivesTest(node, found, depth))
  if (init.type === 'LogicalExpression') return [init.left, init.right].some((node) => derivesTest(node, found, depth))
  if (init.type === 'CallExpression' && init.arguments.some((node) => node.type === 'Identifier' && isTestName(node.name, found, depth + 1))) {
    return true // withFixtures(test)
  }
  const path = pathOf(init)
  const members = path?.members ?? []
  return path !== null && isTestName(path.root, found, depth + 1) && !members.some((name) => NO_TESTS.has(name) && !/^(extend|override)$/.test(name))
}

// describe('x', (test) => ...)
function isBlock(scope) {
  const call = scope.parent
  return call.type === 'CallExpression' && /^(describe|suite)$/.test(pathOf(call.callee)?.root)
}

// (condition) => condition ? test : test.skip
function returnsTest(found, depth) {
  const { body } = found.node
  if (body.type !== 'BlockStatement') return derivesTest(body, found, depth)
  return body.body.some((node) => node.type === 'ReturnStatement' && node.argument && derivesTest(node.argument, found, depth))
}

// A function that passes its first parameter on as a title and another one as the body.
function declaresTest(found, depth) {
  const names = found.node.params.map((node) => node.name ?? node.left?.name)
  let declares = false
  if (!names[0]) return false
  found.traverse({
    CallExpression(inner) {
      const path = pathOf(inner.node.callee)
      if (!path || path.root === found.node.id?.name || !isTestName(path.root, inner, depth + 1)) return
      if (path.members.some((name) => NO_TESTS.has(name))) return
      declares ||= mentions(inner.node.arguments[0], names[0])
    },
  })
  return declares
}

function mentions(node, name) {
  if (!node) return false
  if (node.type === 'Identifier') return node.name === name
  if (node.type === 'TemplateLiteral') return node.expressions.some((inner) => mentions(inner, name))
  return node.type === 'BinaryExpression' && (mentions(node.left, name) || mentions(node.right, name))
}

// The call inside a wrapper is no test of its own when the calls of the wrapper are tests.
function isInWrapper(found, known) {
  for (let outer = found.getFunctionParent(); outer; outer = outer.getFunctionParent()) {
    const name = outer.node.id?.name ?? (outer.parent.type === 'VariableDeclarator' ? outer.parent.id.name : null)
    if (!name) continue
    if (!known.has(outer.node)) known.set(outer.node, declaresTest(outer, 0) && isUsedAsTest(outer, name))
    if (known.get(outer.node)) return true
  }
  return false
}

function isUsedAsTest(outer, name) {
  const binding = outer.parentPath.scope.getBinding(name)
  return (binding?.referencePaths ?? []).some((used) => used.parent.type === 'CallExpression' && used.parent.arguments.some(isFunction))
}

const text = await new Response(stdin).text()
for (const path of text.split('\n').filter(Boolean)) {
  stdout.write(JSON.stringify({ path, ...testsOf(path) }) + '\n')
}
