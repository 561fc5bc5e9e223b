/** A name that no image can have. */
class ImageNameError extends Error {
  override name = 'ImageNameError'
}

const component = '[a-z0-9]+(?:(?:\\.|_|__|-+)[a-z0-9]+)*'
const domainPart = '(?:[a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9-]*[a-zA-Z0-9])'
const domain = `(?:${domainPart}(?:\\.${domainPart})*|\\[[a-fA-F0-9:]+\\])(?::[0-9]+)?`
const reference = new RegExp(
  `^(?:(${domain})/)?(${component}(?:/${component})*)(?::([\\w][\\w.-]{0,127}))?(?:@([A-Za-z][A-Za-z0-9]*(?:[-_+.][A-Za-z][A-Za-z0-9]*)*:[0-9a-fA-F]{32,}))?$`,
)

const identifier = /^[a-f0-9]{64}$/

/**
 * Puts `:latest` behind a name with neither tag nor digest (the distribution's reference grammar).
 */
export function withDefaultTag(image: string): string {
  const match = reference.exec(image)
  if (!match || identifier.test(image))
    throw new ImageNameError(`couldn't parse image name "${image}": ${fault(image)}`)
  return match[3] === undefined && match[4] === undefined ? `${image}:latest` : image
}

function fault(image: string): string {
  if (identifier.test(image))
    return `invalid repository name (${image}), cannot specify 64-byte hexadecimal strings`
  const repository = repositoryOf(image).replace(/:.*/s, '')
  return repository === repository.toLowerCase()
    ? 'invalid reference format'
    : `invalid reference format: repository name (${repository}) must be lowercase`
}

/** What stands behind the registry's name; without one, it is Docker's. */
function repositoryOf(image: string): string {
  const [first = '', ...rest] = image.split('/')
  const isRegistry = /[.:]|^localhost$|[A-Z]/.test(first) && rest.length > 0
  if (isRegistry && first !== 'docker.io') return rest.join('/')
  const path = isRegistry ? rest.join('/') : image
  return path.includes('/') ? path : `library/${path}`
}
