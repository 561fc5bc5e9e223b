/** A name that no image can have. */
export class ImageNameError extends Error {
  override name = 'ImageNameError'
}

const component = '[a-z0-9]+(?:(?:\\.|_|__|-+)[a-z0-9]+)*'
const domainPart = '(?:[a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9-]*[a-zA-Z0-9])'
const domain = `(?:${domainPart}(?:\\.${domainPart})*|\\[[a-fA-F0-9:]+\\])(?::[0-9]+)?`
const reference = new RegExp(
  `^(?:(${domain})/)?(${component}(?:/${component})*)(?::([\\w][\\w.-]{0,127}))?(?:@([A-Za-z][A-Za-z0-9]*(?:[-_+.][A-Za-z][A-Za-z0-9]*)*:[0-9a-fA-F]{32,}))?$`,
)

/**
 * Puts `:latest` behind a name with neither tag nor digest (the distribution's reference grammar).
 */
export function withDefaultTag(image: string): string {
  const match = reference.exec(image)
  if (!match) {
    if (reference.test(image.toLowerCase()))
      throw new ImageNameError(
        `couldn't parse image name "${image}": invalid reference format: repository name must be lowercase`,
      )
    throw new ImageNameError(`couldn't parse image name "${image}": invalid reference format`)
  }
  return match[3] === undefined && match[4] === undefined ? `${image}:latest` : image
}
