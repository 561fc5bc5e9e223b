import { ociExecScript } from '../oci/oci-script.ts'
import type { OciRun } from '../oci/oci-script.ts'
import { enterWords } from './exec-process.ts'
import { execScript } from './launch-script.ts'
import type { Launch } from './launch-script.ts'
import { quote } from './shell-quote.ts'
import { machineTools, toolboxTools } from './toolbox.ts'

/** Where a command is to run. */
export type ExecPlace =
  | { readonly kind: 'plain' }
  /** In the namespaces of a process, whose root has the machine's tools or only the toolbox. */
  | { readonly kind: 'namespaces'; readonly pid: number; readonly hasMachineTools: boolean }
  /** `processFile` holds the command as an OCI process. */
  | { readonly kind: 'oci'; readonly run: OciRun; readonly processFile: string }

/** The command line that runs a planned command there; its report is on fd 3, see execScript. */
export function execWords(
  launch: Launch,
  place: ExecPlace,
  cgroupProcs: readonly string[],
): string[] {
  switch (place.kind) {
    case 'plain':
      return ['sh', '-c', execScript(launch, machineTools)]
    case 'namespaces': {
      const tools = place.hasMachineTools ? machineTools : toolboxTools
      const inside = [...tools.words('sh'), '-c', execScript(launch, tools)]
      return joining([...enterWords(place.pid), ...inside], cgroupProcs)
    }
    case 'oci': {
      const script = ociExecScript(place.run, place.processFile)
      return joining(['sh', '-c', script], cgroupProcs)
    }
  }
}

/** The same words in a container's control groups. */
function joining(words: readonly string[], cgroupProcs: readonly string[]): string[] {
  if (cgroupProcs.length === 0) return [...words]
  const join = cgroupProcs.map((file) => `echo 0 >${quote(file)} || exit 1`)
  return ['sh', '-c', [...join, 'exec "$@"'].join('\n'), 'sh', ...words]
}
