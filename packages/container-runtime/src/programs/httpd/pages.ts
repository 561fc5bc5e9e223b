import { STATUS_CODES } from 'node:http'

export function errorPage(code: number): string {
  const title = `${code} ${STATUS_CODES[code] ?? ''}`
  return `<html><head>\n<title>${title}</title>\n</head><body>\n<h1>${STATUS_CODES[code] ?? code}</h1>\n</body></html>\n`
}

export function listingPage(urlPath: string, names: readonly string[]): string {
  const items = [...names]
    .sort()
    .map((name) => `<li><a href="${encodeURIComponent(name)}"> ${escapeHtml(name)}</a></li>\n`)
  const title = `Index of ${escapeHtml(urlPath.replace(/(.)\/$/, '$1'))}`
  return (
    `<html>\n <head>\n  <title>${title}</title>\n </head>\n <body>\n<h1>${title}</h1>\n` +
    `<ul>${items.join('')}</ul>\n</body></html>\n`
  )
}

function escapeHtml(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&quot;')
}
