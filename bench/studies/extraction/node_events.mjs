// Prints the tests that `node --test` has run, as a list for runner_lists.py.
export default async function * (source) {
  const tests = []
  for await (const { type, data } of source) {
    const hasRun = type === 'test:pass' || type === 'test:fail'
    if (hasRun && data.details?.type !== 'suite' && data.line) {
      tests.push({ file: data.file, line: data.line, name: data.name, passed: type === 'test:pass' })
    }
  }
  yield JSON.stringify({ node: tests })
}
