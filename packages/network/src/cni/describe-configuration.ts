import type { NetworkList } from './network-list.ts'

/** The loopback interface of every pod, which containerd sets up as a network of its own. */
const loopback = {
  Config: {
    Name: 'cni-loopback',
    CNIVersion: '0.3.1',
    Plugins: [{ Network: { type: 'loopback', ipam: {}, dns: {} }, Source: '{"type":"loopback"}' }],
    Source:
      '{\n"cniVersion": "0.3.1",\n"name": "cni-loopback",\n"plugins": [{\n  "type": "loopback"\n}]\n}',
  },
  IFName: 'lo',
}

/** `cniconfig` of `crictl info`, as containerd prints it (go-cni's ConfigResult). */
export function describeConfiguration(
  pluginDirs: readonly string[],
  configurationDir: string,
  list: NetworkList | undefined,
): string {
  return JSON.stringify({
    PluginDirs: pluginDirs,
    PluginConfDir: configurationDir,
    PluginMaxConfNum: 1,
    Prefix: 'eth',
    Networks: [loopback, ...(list ? [{ Config: describeList(list), IFName: 'eth0' }] : [])],
  })
}

function describeList({ name, cniVersion, plugins, source }: NetworkList): object {
  return {
    Name: name,
    CNIVersion: cniVersion,
    Plugins: plugins.map((plugin) => {
      const { type, capabilities, ipam, dns } = plugin
      return {
        Network: { type, ...(capabilities && { capabilities }), ipam: ipam ?? {}, dns: dns ?? {} },
        Source: JSON.stringify(plugin),
      }
    }),
    Source: source,
  }
}
