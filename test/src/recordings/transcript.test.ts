import t from 'tap'
import { normalise } from './normalise.ts'
import { formatTranscript, outputOf, parseTranscript, withOutput } from './transcript.ts'

const text = `# A remark.
$ kubectl get pods
    NAME   READY

    web   1/1

# Another.
! the reason
~ kubectl apply -f - <<END
> kind: Pod
> END
    made
    [exit 1]
@ v1.32
    created
? kubectl wait pod/web
`

t.test('a transcript is written as it was read', async (t) => {
  const transcript = parseTranscript('pods', text)
  t.match(transcript.steps, [
    { kind: 'same', command: 'kubectl get pods', output: 'NAME   READY\n\nweb   1/1\n' },
    {
      kind: 'settles',
      command: 'kubectl apply -f - <<END\nkind: Pod\nEND',
      output: 'made\n[exit 1]\n',
      elsewhere: { 'v1.32': 'created\n' },
      differs: 'the reason',
      before: ['', '# Another.'],
    },
    { kind: 'succeeds', output: '' },
  ])
  t.equal(formatTranscript(transcript), text)
})

t.test('what another kubectl prints is kept only where it differs', async (t) => {
  const [step] = parseTranscript('pods', '$ kubectl version\n    new\n').steps
  const old = withOutput(step!, 'v1.32', 'old\n')
  t.equal(outputOf(old, 'v1.32'), 'old\n')
  t.equal(outputOf(old, 'v1.36'), 'new\n')
  t.same(withOutput(old, 'v1.32', 'new\n'), step)
  t.equal(outputOf(withOutput(old, 'v1.36', 'newer\n'), 'v1.32'), 'old\n')
})

t.test('a line that is nothing of a transcript is named', async (t) => {
  t.throws(() => parseTranscript('pods', 'kubectl get pods'), /pods: what is this line: kubectl/)
})

t.test('times, identities and addresses are put as words, and nothing else', async (t) => {
  for (const [from, to] of [
    [
      'web-5d8f7c6b9-x7k2p   1/1   Running   0   5m12s',
      'web-HASH-RANDOM   1/1   Running   0   AGE',
    ],
    ['web   1/1     10.244.1.7:80', 'web   1/1   IP:80'],
    ['tolerates for 300s', 'tolerates for 300s'],
    ['    cpu: 100m', '    cpu: 100m'],
    ['  resourceVersion: "4711"', '  resourceVersion: "RV"'],
    ['deployment "itopic" successfully rolled out', 'deployment "itopic" successfully rolled out'],
    ['port 31234', 'port NODEPORT'],
  ] as const)
    t.equal(normalise(from), to)
})
