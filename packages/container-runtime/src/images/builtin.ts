import { statSync } from 'node:fs'
import { join } from 'node:path'
import { Catalogue } from './catalogue.ts'
import type { ImageConfig, ImageDefinition } from './image.ts'
import { recipes } from './recipes.ts'
import type { Recipe } from './recipes.ts'

const plainConfig: ImageConfig = {
  entrypoint: [],
  command: [],
  environment: [],
  workingDir: '',
  user: '',
  stopSignal: '',
  exposedPorts: [],
  volumes: [],
}

/** The images that kemu brings. `bundles` is where its programs lie; it decides the sizes that lists show. */
export function builtinCatalogue(bundles: string): Catalogue {
  return new Catalogue(recipes.flatMap((recipe) => entriesOf(recipe, bundles)))
}

/** On every node from the start: what kubeadm's preflight would have pulled is pulled by it, pause is the runtime's. */
export const preloadedImages = ['registry.k8s.io/pause:3.10.2'] as const

function entriesOf(recipe: Recipe, bundles: string): (readonly [string, ImageDefinition])[] {
  return recipe.versions.flatMap((tags) => {
    const definition = define(recipe, tags[0]!, bundles)
    return tags.map((tag) => [`${recipe.repository}:${tag}`, definition] as const)
  })
}

function define(recipe: Recipe, version: string, bundles: string): ImageDefinition {
  const files = recipe.files ?? {}
  const programs = recipe.programs
  const fileBytes = Object.values(files).reduce((sum, text) => sum + Buffer.byteLength(text), 0)
  const programBytes = Object.values(programs ?? {}).map((name) => bundleBytes(bundles, name))
  return {
    repository: recipe.repository,
    version,
    config: {
      ...plainConfig,
      ...recipe.config,
    },
    programs: programs ?? {},
    isForeign: recipe.isForeign ?? programs === undefined,
    files,
    sizeBytes: fileBytes + programBytes.reduce((sum, bytes) => sum + bytes, 0),
  }
}

function bundleBytes(bundles: string, name: string): number {
  return statSync(join(bundles, `${name.split(' ')[0]}.cjs`), { throwIfNoEntry: false })?.size ?? 0
}
