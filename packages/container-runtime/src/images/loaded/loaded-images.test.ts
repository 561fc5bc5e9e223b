import { execFileSync } from 'node:child_process'
import { createReadStream, existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { silentLogger } from '@kemu/base'
import t from 'tap'
import { openArchive } from '../../client/image-client.ts'
import { ArchivedImage } from '../../testing/archived-image.ts'
import type { ArchiveOptions } from '../../testing/archived-image.ts'
import { LayeredTree } from './layered-tree.ts'
import { LoadedImages } from './loaded-images.ts'
import { nodeMaker } from './make-nodes.ts'

// Whiteouts are devices: without root nothing can be unpacked here (a runtime in a user namespace can).
const skip = process.getuid?.() === 0 ? false : 'needs root or a user namespace'

interface Scratch {
  teardown(end: () => void): void
}

function store(t: Scratch): { dir: string; open: () => LoadedImages } {
  const dir = mkdtempSync(join(tmpdir(), 'kemu-loaded-'))
  t.teardown(() => rmSync(dir, { recursive: true }))
  return { dir, open: () => new LoadedImages(dir, nodeMaker(silentLogger)) }
}

function image(t: Scratch, options: Partial<ArchiveOptions>): ArchivedImage {
  const made = new ArchivedImage({
    tags: ['thing:1'],
    layers: [{ script: 'echo a >a' }],
    ...options,
  })
  t.teardown(() => made.remove())
  return made
}

void t.test('both forms of an archive give the same image', { skip }, async (t) => {
  const made = image(t, {
    layers: [{ script: 'echo one >one' }, { script: 'echo two >two', gzip: true }],
    config: {
      Entrypoint: ['/bin/app'],
      Cmd: ['--fast'],
      Env: ['A=1'],
      WorkingDir: '/srv',
      User: '7:8',
      StopSignal: 'SIGQUIT',
      ExposedPorts: { '80/tcp': {} },
      Volumes: { '/data': {} },
    },
  })
  const docker = store(t).open()
  const oci = store(t).open()
  const [fromDocker] = await docker.load(createReadStream(made.dockerArchive()), '')
  const [fromOci] = await oci.load(openArchive(made.layout()), '')
  t.same(fromDocker?.names, ['docker.io/library/thing:1'])
  t.equal(fromDocker?.id, fromOci?.id)
  t.same(fromDocker?.layers, fromOci?.layers)
  const definition = docker.definition(fromDocker!.id)!
  t.same(definition.config, {
    entrypoint: ['/bin/app'],
    command: ['--fast'],
    environment: ['A=1'],
    workingDir: '/srv',
    user: '7:8',
    stopSignal: 'SIGQUIT',
    exposedPorts: [80],
    volumes: ['/data'],
  })
  const tree = new LayeredTree(definition.layers!)
  t.equal(tree.read('one'), 'one\n')
  t.equal(tree.read('/two'), 'two\n')
})

void t.test(
  'layers remove and replace what lies below, as the specification says',
  { skip },
  async (t) => {
    const made = image(t, {
      layers: [
        {
          script: `mkdir -p keep gone opaque/sub dir; ln -s keep link
          for f in keep/a gone/b opaque/c opaque/sub/d dir/e file; do echo old >$f; done`,
        },
        {
          script: `touch .wh.gone; mkdir opaque dir; touch opaque/.wh..wh..opq; echo new >opaque/n
          touch dir/.wh.e dir/.wh.never; echo new >dir/f; mkdir file; echo inside >file/x
          mkdir link; echo via >link/v`,
        },
        { script: 'mkdir gone; echo back >gone/again' },
      ],
    })
    const loaded = store(t).open()
    const [one] = await loaded.load(createReadStream(made.dockerArchive()), '')
    const layers = loaded.definition(one!.id)!.layers!
    const tree = new LayeredTree(layers)
    t.equal(tree.read('keep/a'), 'old\n')
    t.same(tree.list('gone'), ['again'])
    t.same(tree.list('opaque'), ['n'])
    t.same(tree.list('dir'), ['f'])
    t.equal(tree.read('file/x'), 'inside\n')
    t.same([...tree.list('')].sort(), ['dir', 'file', 'gone', 'keep', 'link', 'opaque'])
    const seen = overlaid(layers)
    if (seen === undefined) return t.comment('no overlays here: the kernel was not asked')
    const listed = [...walk(tree)].sort()
    t.same(seen, listed, 'overlayfs shows the same')
  },
)

function* walk(tree: LayeredTree, path = ''): Generator<string> {
  for (const name of tree.list(path)) {
    const below = join(path, name)
    yield below
    if (tree.entry(below)?.stat.isDirectory()) yield* walk(tree, below)
  }
}

/** What the kernel makes of the layers; undefined where it mounts no overlays. */
function overlaid(layers: readonly string[]): string[] | undefined {
  const mount = mkdtempSync(join(tmpdir(), 'kemu-overlay-'))
  const script = `mount -t overlay overlay -o lowerdir=${layers.join(':')} ${mount} && cd ${mount} && find . -mindepth 1`
  try {
    const text = execFileSync('unshare', ['--mount', 'sh', '-c', script], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    })
    return text
      .split('\n')
      .filter(Boolean)
      .map((path) => path.slice(2))
      .sort()
  } catch {
    return undefined
  } finally {
    rmSync(mount, { recursive: true })
  }
}

void t.test('links of an image never lead out of it', { skip }, async (t) => {
  const outside = mkdtempSync(join(tmpdir(), 'kemu-outside-'))
  t.teardown(() => rmSync(outside, { recursive: true }))
  const made = image(t, {
    layers: [
      { script: `ln -s ${outside} trap; ln -s ../../../../../..${outside} climb` },
      { script: 'mkdir trap climb; echo x >trap/file; echo x >climb/file' },
    ],
  })
  const loaded = store(t).open()
  await loaded.load(createReadStream(made.dockerArchive()), '')
  t.same(readdirSync(outside), [])
})

void t.test('what cannot be right is refused and leaves nothing', { skip }, async (t) => {
  const { dir, open } = store(t)
  const loaded = open()
  const foreign = image(t, { architecture: 'pdp11' })
  await t.rejects(
    loaded.load(createReadStream(foreign.dockerArchive()), ''),
    /the image is for linux\/pdp11/,
  )
  const nameless = image(t, { tags: [] })
  await t.rejects(loaded.load(openArchive(nameless.layout()), ''), /give one with --tag/)
  const [named] = await loaded.load(openArchive(nameless.layout()), 'own:2')
  t.same(named?.names, ['docker.io/library/own:2'])
  const spoiled = image(t, { layers: [{ script: 'echo secret >file' }] })
  const archive = spoiled.dockerArchive()
  execFileSync('sed', ['-i', 's/secret/s3cret/', archive])
  await t.rejects(loaded.load(createReadStream(archive), ''), /has the digest .*, not /)
  await t.rejects(
    loaded.load([Buffer.from('no archive')] as never, ''),
    /no tar archive|in the middle/,
  )
  t.equal(open().list().length, 1, 'also after a restart')
  t.notOk(existsSync(join(dir, 'incoming')))
})

void t.test(
  'a name goes to the newest image; an unnamed one goes when nobody uses it',
  { skip },
  async (t) => {
    const { dir, open } = store(t)
    const loaded = open()
    const [first] = await loaded.load(createReadStream(image(t, {}).dockerArchive()), '')
    const newer = image(t, { layers: [{ script: 'echo b >b' }] })
    const [second] = await loaded.load(createReadStream(newer.dockerArchive()), '')
    t.equal(loaded.named('docker.io/library/thing:1')?.id, second?.id)
    loaded.collect((id) => id === first?.id)
    t.ok(loaded.definition(first!.id), 'a container runs from it')
    loaded.collect(() => false)
    t.equal(loaded.definition(first!.id), undefined)
    t.equal(readdirSync(join(dir, 'layers')).length, 1)
    loaded.remove(second!.id, () => false)
    t.equal(readdirSync(join(dir, 'layers')).length, 0)
    t.same(open().list(), [])
  },
)
