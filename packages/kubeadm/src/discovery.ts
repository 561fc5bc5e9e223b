import { createHmac, timingSafeEqual } from 'node:crypto'
import { request } from 'node:https'
import type { ConfigMap } from '@kemu/api'
import { parseYaml } from '@kemu/api/yaml'
import { publicKeyHash } from '@kemu/pki'
import type { BootstrapToken } from './bootstrap-token.ts'

/** Why a host cannot trust, or reach, the control plane it was told of. */
export class DiscoveryError extends Error {
  override name = 'DiscoveryError'
  readonly reason: 'unreachable' | 'token' | 'ca hash'

  constructor(reason: DiscoveryError['reason'], message: string) {
    super(message)
    this.reason = reason
  }
}

/** A control plane that does not answer in this time is reported as unreachable. */
const answerWithinMs = 5_000

const path = '/api/v1/namespaces/kube-public/configmaps/cluster-info'

/**
 * Token discovery (kubeadm's default): cluster-info is read from a server that is not trusted yet; its signature proves
 * that the server knows the token, and the pinned hash that its CA is the right one. Gives the CA.
 */
export async function discover(
  server: string,
  token: BootstrapToken,
  caHashes: readonly string[],
): Promise<string> {
  const unverified = await fetchClusterInfo(server, undefined)
  const kubeconfig = verifySignature(unverified, token)
  const ca = authorityOf(kubeconfig)
  const hash = publicKeyHash(ca)
  if (!caHashes.includes(hash)) {
    throw new DiscoveryError(
      'ca hash',
      `cluster CA found in cluster-info ConfigMap is invalid: none of the public keys "${hash}" are ` +
        'pinned; compare --discovery-token-ca-cert-hash with the output of: ' +
        'kemu token create --print-join-command',
    )
  }
  await fetchClusterInfo(server, ca)
  return ca
}

/** The detached JWS (RFC 7515, appendix F) that the controller manager keeps for each token in cluster-info. */
function verifySignature(clusterInfo: ConfigMap, token: BootstrapToken): string {
  const kubeconfig = clusterInfo.data?.['kubeconfig'] ?? ''
  const signature = clusterInfo.data?.[`jws-kubeconfig-${token.id}`]
  if (signature === undefined) {
    throw new DiscoveryError(
      'token',
      `could not find a JWS signature in the cluster-info ConfigMap for token ID "${token.id}": ` +
        'the token is unknown or has expired; make a new one with: ' +
        'kemu token create --print-join-command',
    )
  }
  const [header = '', , mac = ''] = signature.split('.')
  const payload = Buffer.from(kubeconfig).toString('base64url')
  const expected = createHmac('sha256', token.secret).update(`${header}.${payload}`).digest()
  const given = Buffer.from(mac, 'base64url')
  if (given.length !== expected.length || !timingSafeEqual(given, expected)) {
    throw new DiscoveryError(
      'token',
      `failed to verify JWS signature of received cluster info object, can't trust this API Server: ` +
        `the secret of token "${token.id}" is wrong; make a new token with: ` +
        'kemu token create --print-join-command',
    )
  }
  return kubeconfig
}

function authorityOf(kubeconfig: string): string {
  const parsed = parseYaml(kubeconfig) as {
    clusters: [{ cluster: { 'certificate-authority-data': string } }]
  }
  const data = parsed.clusters[0].cluster['certificate-authority-data']
  return Buffer.from(data, 'base64').toString()
}

function fetchClusterInfo(server: string, ca: string | undefined): Promise<ConfigMap> {
  const unreachable = (why: string): DiscoveryError =>
    new DiscoveryError(
      'unreachable',
      `cannot reach the control plane at ${server} (${why}); is it running? kemu status tells`,
    )
  return new Promise((resolve, reject) => {
    const trust = ca === undefined ? { rejectUnauthorized: false } : { ca }
    const options = { ...trust, agent: false as const, timeout: answerWithinMs }
    const asked = request(`https://${server}${path}`, options, (answer) => {
      let text = ''
      answer.setEncoding('utf8').on('data', (chunk: string) => (text += chunk))
      answer.on('error', (error) => reject(unreachable(error.message)))
      answer.on('end', () => {
        if (answer.statusCode === 200) resolve(JSON.parse(text) as ConfigMap)
        else reject(unreachable(`it answered ${answer.statusCode} for cluster-info`))
      })
    })
    asked.once('timeout', () => asked.destroy(new Error('no answer within 5 s')))
    asked.once('error', (error) => reject(unreachable(error.message)))
    asked.end()
  })
}
