// Writes docs/fidelity.md from the `Not emulated` sections of the packages' READMEs, where they are kept.
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

const root = process.env['KEMU_ROOT'] ?? process.cwd()

const head = `# Fidelity: what kemu does not emulate

What is not emulated is refused by the name of the field, flag or feature, or it is listed here. Silence would be a bug: report it.
This file is put together from the packages' READMEs by \`npm run fidelity\`.

## Whole areas that are not there

- Custom resources and aggregated API servers; webhooks and policies of admission; APIs of metrics, so that \`kubectl top\` and
  autoscalers have nothing to measure. Requests for their kinds are answered 404; \`kubectl api-resources\` lists what there is.
- Persistent volumes are kept and checked, but nothing provisions, binds or mounts them: their pods stay Pending (ADR 54).
- Ingresses are kept and checked; a cluster has no ingress controller of its own, as a cluster of kubeadm has none.

## On the loopback driver

- Built-in images only: a foreign program that listens on 0.0.0.0 is refused with that reason.
- Ports below the kernel's unprivileged limit are shifted by 20000 for users without rights.
- There is no resolver for foreign programs.
- Addresses of the cluster's own 127.x block are valid in Endpoints and in a node's status.
- Where several kube-proxies would bind one service address, the first serves and the others stand by.
`

const sections = readdirSync(join(root, 'packages'))
  .sort()
  .flatMap((name) => {
    const path = join(root, 'packages', name, 'README.md')
    const readme = existsSync(path) ? readFileSync(path, 'utf8') : ''
    const section = /^## Not emulated\n+([\s\S]*?)\n+(?=## )/m.exec(readme)?.[1]
    return section === undefined ? [] : [`## ${name}\n\n${section}\n`]
  })
const file = join(root, 'docs/fidelity.md')
const text = `${head}\n${sections.join('\n')}`
writeFileSync(file, text)
console.log(`docs/fidelity.md: ${sections.length} packages`)
