// Prints every command of package.json with what it does.
const commands: Record<string, string> = {
  'npm start': 'bring up a cluster of three hosts and deploy the example on it',
  'npm test': 'run every test',
  'npm run check': 'format, types, lint, layers, house rules and unit tests: before every commit',
  'npm run build': 'generate, compile and bundle (npm ci does it too)',
  'npm run fmt': 'format the sources',
  'npm run test:unit': 'unit, property, scenario and simulation tests; add words to choose files',
  'npm run test:e2e': 'tests on whole clusters; add words to choose files',
  'npm run transcripts':
    'what kubectl prints: record it on the oracle, or compare a cluster with the record',
  'npm run fidelity': 'put docs/fidelity.md together from the READMEs',
  'npm run bench': 'measurements: start-up, idle cost, etcd; without a name it lists them',
  'npm run help': 'this list',
  'npx kemu --help': 'the product itself',
}
const width = Math.max(...Object.keys(commands).map((c) => c.length))
for (const [command, what] of Object.entries(commands))
  console.log(`${command.padEnd(width)}  ${what}`)
