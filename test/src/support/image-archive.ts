import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

/** Programs of this machine, with the libraries that they need, below the current directory. */
const copyPrograms = `for name in "$@"; do
  path=$(command -v "$name")
  mkdir -p bin
  cp -L "$path" bin/
  ldd "$path" | grep -o '/[^ ]*' | while read -r library; do
    mkdir -p ".\${library%/*}"
    cp -L "$library" ".$library"
  done
done`

/**
 * A `docker save` archive made without Docker: one layer with a few programs of this machine and nothing else of it.
 * `config` is the image configuration's own `config`.
 */
export function makeImageArchive(
  dir: string,
  tag: string,
  programs: readonly string[],
  config: object,
): string {
  const root = join(dir, 'root')
  const tree = join(dir, 'archive')
  mkdirSync(root, { recursive: true })
  mkdirSync(tree, { recursive: true })
  execFileSync('sh', ['-ec', copyPrograms, 'sh', ...programs], { cwd: root })
  const layer = join(tree, 'layer.tar')
  execFileSync('tar', ['-C', root, '--owner=0', '--group=0', '-cf', layer, '.'])
  const digest = createHash('sha256').update(execFileSync('cat', [layer], { maxBuffer: 1 << 28 }))
  const architecture = { x64: 'amd64', arm64: 'arm64' }[process.arch as string]
  writeFileSync(
    join(tree, 'config.json'),
    JSON.stringify({
      os: 'linux',
      architecture,
      config,
      rootfs: { type: 'layers', diff_ids: [`sha256:${digest.digest('hex')}`] },
    }),
  )
  const entry = { Config: 'config.json', RepoTags: [tag], Layers: ['layer.tar'] }
  writeFileSync(join(tree, 'manifest.json'), JSON.stringify([entry]))
  const archive = join(dir, 'image.tar')
  execFileSync('tar', ['-C', tree, '-czf', archive, '.'])
  return archive
}
