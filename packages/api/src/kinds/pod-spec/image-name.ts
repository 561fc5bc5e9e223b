/** Always for the tag `latest` or none, IfNotPresent for any other tag or a digest (SetDefaults_Container). */
export function defaultImagePullPolicy(image: string): 'Always' | 'IfNotPresent' {
  return imageTag(image) === 'latest' ? 'Always' : 'IfNotPresent'
}

/** The tag of a reference; `latest` where there is neither tag nor digest (util/parsers ParseImageName); '' if unreadable. */
function imageTag(image: string): string {
  if (!referencePattern.test(image)) return ''
  const [name = '', digest] = image.split('@')
  const tag = /:([\w][\w.-]{0,127})$/.exec(name)?.[1]
  return tag ?? (digest === undefined ? 'latest' : '')
}

const component = '[a-z0-9]+(?:(?:\\.|_|__|-+)[a-z0-9]+)*'
const domainLabel = '(?:[a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9-]*[a-zA-Z0-9])'
const domain = `(?:${domainLabel}(?:\\.${domainLabel})*|\\[[a-fA-F0-9:]+\\])(?::[0-9]+)?`
/** distribution/reference: [domain/]path[:tag][@digest] */
const referencePattern = new RegExp(
  `^(?:${domain}/)?${component}(?:/${component})*(?::[\\w][\\w.-]{0,127})?` +
    '(?:@[A-Za-z][A-Za-z0-9]*(?:[-_+.][A-Za-z][A-Za-z0-9]*)*:[0-9a-fA-F]{32,})?$',
)
