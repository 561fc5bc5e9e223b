// Asks a real API server (shared tools: `peers up`) over its REST API; for the scripts that record its answers as data.
import { execFileSync } from 'node:child_process'
import { request } from 'node:https'

export interface OracleAnswer {
  readonly code: number
  readonly body: string
  /** The texts of its Warning headers. */
  readonly warnings: readonly string[]
}

interface KubeconfigView {
  clusters: { cluster: { server: string; 'certificate-authority-data': string } }[]
  users: { user: { 'client-certificate-data': string; 'client-key-data': string } }[]
}

export type AskOracle = (
  method: string,
  path: string,
  body?: string,
  contentType?: string,
  accept?: string,
) => Promise<OracleAnswer>

/** Opens the cluster that KUBECONFIG names; kubectl must be in PATH. */
export function openOracle(): AskOracle {
  const text = execFileSync('kubectl', ['config', 'view', '--raw', '--flatten', '-o', 'json'])
  const view = JSON.parse(text.toString()) as KubeconfigView
  const decode = (data: string): Buffer => Buffer.from(data, 'base64')
  const { cluster } = view.clusters[0]!
  const { user } = view.users[0]!
  const tls = {
    ca: decode(cluster['certificate-authority-data']),
    cert: decode(user['client-certificate-data']),
    key: decode(user['client-key-data']),
  }
  return (method, path, body, contentType = 'application/json', accept = 'application/json') =>
    new Promise((resolve, reject) => {
      const headers = { accept, ...(body !== undefined && { 'content-type': contentType }) }
      const asked = request(
        new URL(path, cluster.server),
        { ...tls, method, headers },
        (answer) => {
          const chunks: Buffer[] = []
          answer.on('data', (chunk: Buffer) => chunks.push(chunk))
          answer.on('end', () =>
            resolve({
              code: answer.statusCode ?? 0,
              body: Buffer.concat(chunks).toString(),
              warnings: parseWarnings(answer.headers['warning'] ?? ''),
            }),
          )
        },
      )
      asked.on('error', reject)
      asked.end(body)
    })
}

function parseWarnings(header: string): string[] {
  return (header.match(/299 - "(?:[^"\\]|\\.)*"/g) ?? []).map(
    (warning) => JSON.parse(warning.slice('299 - '.length)) as string,
  )
}
