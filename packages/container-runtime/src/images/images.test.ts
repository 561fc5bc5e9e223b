import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t from 'tap'
import { builtinCatalogue, preloadedImages } from './builtin.ts'
import { imageId, ImageStore } from './image-store.ts'
import { LoadedImages } from './loaded/loaded-images.ts'
import { formatReference, parseReference } from './reference.ts'

void t.test('names are read as containerd reads them', (t) => {
  const full = (text: string): string | undefined => {
    const reference = parseReference(text)
    return reference && formatReference(reference)
  }
  const digest = `sha256:${'a'.repeat(64)}`
  t.equal(full('busybox'), 'docker.io/library/busybox:latest')
  t.equal(full('hashicorp/http-echo:1.0'), 'docker.io/hashicorp/http-echo:1.0')
  t.equal(full('registry.k8s.io/pause:3.10'), 'registry.k8s.io/pause:3.10')
  t.equal(full('localhost:5000/a/b'), 'localhost:5000/a/b:latest')
  t.equal(full('index.docker.io/library/redis:7'), 'docker.io/library/redis:7')
  t.equal(full(`busybox@${digest}`), `docker.io/library/busybox@${digest}`)
  for (const wrong of ['', 'UPPER', 'a b', 'a:', 'a@sha256:1', 'a//b'])
    t.equal(full(wrong), undefined, wrong)
  t.end()
})

function open(t: { teardown(end: () => void): void }): { store: () => ImageStore } {
  const dir = mkdtempSync(join(tmpdir(), 'kemu-images-'))
  t.teardown(() => rmSync(dir, { recursive: true }))
  const store = (): ImageStore =>
    new ImageStore(
      join(dir, 'images.json'),
      builtinCatalogue(dir),
      preloadedImages,
      new LoadedImages(join(dir, 'loaded'), async () => undefined),
    )
  return { store }
}

void t.test('an image is here once it is pulled, and after a restart', (t) => {
  const { store } = open(t)
  const images = store()
  t.same(
    images.list().map((image) => image.repoTags),
    [['registry.k8s.io/pause:3.10.2']],
  )
  t.equal(images.find('nginx'), undefined)
  const nginx = images.pull('nginx')
  t.equal(images.find(nginx.id)?.id, nginx.id)
  t.equal(images.find(nginx.repoDigests[0]!)?.id, nginx.id)
  t.equal(images.pull(nginx.repoDigests[0]!).id, nginx.id)
  t.equal(store().find('nginx:latest')?.id, nginx.id)
  images.remove('nginx')
  t.equal(store().find('nginx'), undefined)
  t.ok(images.definition(nginx.id), 'a container may still run from it')
  t.end()
})

void t.test('pause tells its version and ends when that is all it is asked for', (t) => {
  const { store } = open(t)
  const images = store()
  const { files } = images.definition(images.list()[0]!.id)!
  const said = execFileSync('sh', ['-c', files['/pause']!, 'pause', '-v'], { encoding: 'utf8' })
  t.match(said, /^pause\.c \d/)
  t.end()
})

void t.test('tags of one version are one image, versions are different ones', (t) => {
  const { store } = open(t)
  const images = store()
  const id = images.pull('nginx:1.27').id
  t.equal(images.pull('nginx:1.27.5').id, id)
  t.same(images.find(id)?.repoTags, [
    'docker.io/library/nginx:1.27',
    'docker.io/library/nginx:1.27.5',
  ])
  t.not(images.pull('hello:v1').id, images.pull('hello:v2').id)
  t.end()
})

void t.test('an unknown image names what there is', (t) => {
  const images = open(t).store()
  t.throws(() => images.pull('nosuch:1'), /nosuch:1: not found \(images of kemu: .*busybox/)
  t.throws(() => images.pull('nginx:0.1'), /known tags of docker\.io\/library\/nginx: 1\.29\.4, /)
  t.throws(() => images.pull('A B'), /invalid reference format/)
  t.end()
})

void t.test('an image’s id does not change with the size of kemu’s programs', (t) => {
  const [definition] = builtinCatalogue('/nowhere').definitions()
  t.equal(imageId(definition!), imageId({ ...definition!, sizeBytes: 5 }))
  t.end()
})
