import type { Logger } from '@kemu/base'
import { tryCommand } from '../../process/command.ts'
import type { MakeNodes, SpecialNode } from './unpack-layer.ts'

/** Names on one command line. */
const batchSize = 200

const script = `while [ $# -gt 0 ]; do
  case $2 in
  p) mkfifo -m "$5" -- "$1" ;;
  *) mknod -m "$5" -- "$1" "$2" "$3" "$4" ;;
  esac || failed=yes
  shift 5
done
[ -z "$failed" ]`

/**
 * Makes special files with the machine's mknod(1). Whiteouts must succeed: an image would show what it removed. Devices
 * of images are left out where the kernel denies them (a user namespace); a container gets its own /dev anyway.
 */
export function nodeMaker(logger: Logger): MakeNodes {
  return async (nodes) => {
    const whiteouts = nodes.filter(isWhiteoutNode)
    const others = nodes.filter((node) => !isWhiteoutNode(node))
    const refused = await makeAll(whiteouts)
    if (refused !== undefined) throw new Error(`cannot make a whiteout: ${refused}`)
    const denied = await makeAll(others)
    if (denied !== undefined) logger.warn('Device files of an image are left out', { said: denied })
  }
}

function isWhiteoutNode({ type, major, minor }: SpecialNode): boolean {
  return type === 'c' && major === 0 && minor === 0
}

/** What the command said when one of them failed. */
async function makeAll(nodes: readonly SpecialNode[]): Promise<string | undefined> {
  for (let i = 0; i < nodes.length; i += batchSize) {
    const words = nodes
      .slice(i, i + batchSize)
      .flatMap(({ path, type, major, minor, mode }) => [
        path,
        type,
        String(major),
        String(minor),
        (mode & 0o7777).toString(8).padStart(4, '0'),
      ])
    const { code, stderr } = await tryCommand('sh', ['-c', script, 'mknod', ...words])
    if (code !== 0) return stderr.trim()
  }
  return undefined
}
