import { STATUS_CODES } from 'node:http'

export function errorPage(code: number, version: string): string {
  const title = `${code} ${STATUS_CODES[code] ?? ''}`
  return (
    `<html>\r\n<head><title>${title}</title></head>\r\n<body>\r\n<center><h1>${title}</h1></center>\r\n` +
    `<hr><center>nginx/${version}</center>\r\n</body>\r\n</html>\r\n`
  )
}

export function listingPage(urlPath: string, names: readonly string[]): string {
  const rows = [...names]
    .sort()
    .map((name) => `<a href="${encodeURIComponent(name)}">${name}</a>\r\n`)
  return (
    `<html>\r\n<head><title>Index of ${urlPath}</title></head>\r\n<body>\r\n<h1>Index of ${urlPath}</h1><hr><pre>` +
    `<a href="../">../</a>\r\n${rows.join('')}</pre><hr></body>\r\n</html>\r\n`
  )
}
