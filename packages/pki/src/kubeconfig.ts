/** Everything a kubeconfig file says about one cluster and one user. */
export interface KubeconfigContents {
  readonly clusterName: string
  /** https://host:port */
  readonly server: string
  /** host:port of the gRPC resource API; written as an extension that other programs ignore. */
  readonly grpcAddress?: string
  readonly ca: string
  readonly userName: string
  readonly credential:
    | { readonly form: 'certificate'; readonly certificate: string; readonly privateKey: string }
    | { readonly form: 'certificate file'; readonly path: string }
    | { readonly form: 'token'; readonly token: string }
    | { readonly form: 'token file'; readonly path: string }
    | { readonly form: 'none' }
}

/** A kubeconfig file as kubeadm writes it: one cluster, one user, one context. */
export function formatKubeconfig(contents: KubeconfigContents): string {
  const { clusterName } = contents
  return [
    'apiVersion: v1',
    'kind: Config',
    'clusters:',
    '- cluster:',
    `    certificate-authority-data: ${base64(contents.ca)}`,
    ...extensionLines(contents.grpcAddress),
    `    server: ${contents.server}`,
    `  name: ${clusterName === '' ? '""' : clusterName}`,
    ...contextLines(contents),
    'preferences: {}',
    ...userLines(contents.userName, contents.credential),
    '',
  ].join('\n')
}

/** Without a user there is no context: cluster-info says where the cluster is, not who asks. */
function contextLines({ clusterName, userName, credential }: KubeconfigContents): string[] {
  if (credential.form === 'none') return ['contexts: null', 'current-context: ""']
  const context = `${userName}@${clusterName}`
  return [
    'contexts:',
    '- context:',
    `    cluster: ${clusterName}`,
    `    user: ${userName}`,
    `  name: ${context}`,
    `current-context: ${context}`,
  ]
}

function extensionLines(grpcAddress: string | undefined): string[] {
  if (grpcAddress === undefined) return []
  return [
    '    extensions:',
    '    - name: kemu.io/grpc',
    '      extension:',
    `        address: ${grpcAddress}`,
  ]
}

function userLines(userName: string, credential: KubeconfigContents['credential']): string[] {
  const head = ['users:', `- name: ${userName}`, '  user:']
  switch (credential.form) {
    case 'certificate':
      return [
        ...head,
        `    client-certificate-data: ${base64(credential.certificate)}`,
        `    client-key-data: ${base64(credential.privateKey)}`,
      ]
    case 'certificate file':
      return [
        ...head,
        `    client-certificate: ${credential.path}`,
        `    client-key: ${credential.path}`,
      ]
    case 'token':
      return [...head, `    token: ${credential.token}`]
    case 'token file':
      return [...head, `    tokenFile: ${credential.path}`]
    case 'none':
      return ['users: null']
  }
}

function base64(text: string): string {
  return Buffer.from(text).toString('base64')
}
