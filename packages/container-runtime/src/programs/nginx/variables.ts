import type { IncomingMessage } from 'node:http'

/** nginx's variables in texts (`return`, `proxy_set_header`, `try_files`); an unknown one is empty. */
export function expandVariables(text: string, request: IncomingMessage, hostname: string): string {
  return text.replaceAll(/\$(?:\{(\w+)\}|(\w+))/g, (_match, braced: string, bare: string) =>
    valueOf(braced ?? bare, request, hostname),
  )
}

function valueOf(name: string, request: IncomingMessage, hostname: string): string {
  const [path = '/', query = ''] = (request.url ?? '/').split('?')
  switch (name) {
    case 'uri':
    case 'document_uri':
      return path
    case 'request_uri':
      return request.url ?? '/'
    case 'args':
    case 'query_string':
      return query
    case 'is_args':
      return query === '' ? '' : '?'
    case 'host':
      return (request.headers.host ?? '').replace(/:\d+$/, '')
    case 'hostname':
      return hostname
    case 'remote_addr':
      return (request.socket.remoteAddress ?? '').replace(/^::ffff:/, '')
    case 'server_addr':
      return (request.socket.localAddress ?? '').replace(/^::ffff:/, '')
    case 'server_port':
      return String(request.socket.localPort ?? '')
    case 'scheme':
      return 'http'
    case 'request_method':
      return request.method ?? ''
    case 'proxy_add_x_forwarded_for':
      return [request.headers['x-forwarded-for'], request.socket.remoteAddress]
        .filter(Boolean)
        .join(', ')
    default:
      return name.startsWith('http_') ? headerOf(request, name.slice(5)) : ''
  }
}

function headerOf(request: IncomingMessage, name: string): string {
  const value = request.headers[name.replaceAll('_', '-')]
  return Array.isArray(value) ? value.join(', ') : (value ?? '')
}
