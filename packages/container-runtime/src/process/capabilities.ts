import { readFileSync } from 'node:fs'
import type { LinuxContainerSecurityContext } from '@kemu/rpc/cri'

/** Capability names in the order of their numbers, linux/capability.h. */
const names = (
  'chown dac_override dac_read_search fowner fsetid kill setgid setuid setpcap linux_immutable net_bind_service ' +
  'net_broadcast net_admin net_raw ipc_lock ipc_owner sys_module sys_rawio sys_chroot sys_ptrace sys_pacct sys_admin ' +
  'sys_boot sys_nice sys_resource sys_time sys_tty_config mknod lease audit_write audit_control setfcap mac_override ' +
  'mac_admin syslog wake_alarm block_suspend audit_read perfmon bpf checkpoint_restore'
).split(' ')

/** What containerd gives a container that asks for nothing. */
const defaults = (
  'chown dac_override fsetid fowner mknod net_raw setgid setuid setfcap setpcap net_bind_service sys_chroot kill ' +
  'audit_write'
).split(' ')

/** What this process can give at all: without the right to change capabilities it gives none. */
export function readGivable(): Set<string> {
  const hex = /^CapPrm:\s*([0-9a-f]+)$/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1] ?? '0'
  const mask = BigInt(`0x${hex}`)
  return new Set(names.filter((_, bit) => ((mask >> BigInt(bit)) & 1n) === 1n))
}

export interface CapabilityPlan {
  readonly capabilities: readonly string[]
  /** Asked for by name, and not ours to give. */
  readonly missing: readonly string[]
}

/** The capabilities of a container, as the OCI spec of containerd would list them. */
export function planCapabilities(
  security: LinuxContainerSecurityContext | null | undefined,
  bounding: ReadonlySet<string>,
): CapabilityPlan {
  if (security?.privileged) return { capabilities: [...bounding], missing: [] }
  const add = (security?.capabilities?.addCapabilities ?? []).map(normalise)
  const drop = (security?.capabilities?.dropCapabilities ?? []).map(normalise)
  const start = add.includes('all') ? [...bounding] : defaults
  const kept = drop.includes('all') ? [] : start.filter((name) => !drop.includes(name))
  const asked = add.filter((name) => name !== 'all')
  const wanted = new Set([...kept, ...asked])
  return {
    capabilities: [...wanted].filter((name) => bounding.has(name)),
    missing: asked.filter((name) => !bounding.has(name)),
  }
}

function normalise(name: string): string {
  return name.toLowerCase().replace(/^cap_/, '')
}

/** Arguments of setpriv(1) that leave exactly these. */
export function boundingSetArgument(capabilities: readonly string[]): string {
  return ['-all', ...capabilities.map((name) => `+${name}`)].join(',')
}
