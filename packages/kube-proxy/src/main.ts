import { hostname } from 'node:os'
import { containerPath, runDaemon, systemClock, systemRandom } from '@kemu/base'
import { connectKubeconfig } from '@kemu/client'
import { ConfigError } from './config-fields.ts'
import { loadConfig } from './config.ts'
import { startProxy } from './server.ts'

void runDaemon(
  {
    name: 'kube-proxy',
    summary: 'Carries connections to service addresses to the endpoints behind them.',
    flags: {
      config: {
        type: 'string',
        default: '',
        help: 'file with a KubeProxyConfiguration (kubeproxy.config.k8s.io/v1alpha1)',
      },
      'hostname-override': { type: 'string', default: '', help: "this node's name" },
      'gateway-socket': {
        type: 'string',
        default: '/run/kemu-gateway/gateway.sock',
        help: "socket of the gateway to the person's machine; where there is none, none is needed",
      },
    },
    async start({ flags, logger, closers }) {
      if (flags.config === '') throw new ConfigError('--config is required')
      const config = loadConfig(containerPath(flags.config))
      for (const field of config.withoutEffect) logger.warn('Field has no effect', { field })
      const name = flags['hostname-override'] || config.hostnameOverride || hostname()
      const client = connectKubeconfig(containerPath(config.kubeconfig), 'kube-proxy')
      closers.defer(() => client.close())
      await startProxy(
        {
          config,
          nodeName: name.trim().toLowerCase(),
          gatewaySocket: containerPath(flags['gateway-socket']),
        },
        { client, clock: systemClock, random: systemRandom, logger, closers },
      )
    },
  },
  process.argv.slice(2),
)
