import { spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'

/** Puts memory in the place of directories: emptyDir with medium Memory. */
export interface MemoryMounts {
  /** Mounts a tmpfs of at most so many bytes on a directory; false when there is one already. */
  mount(dir: string, bytes: number): Promise<boolean>
  /** Takes away what is mounted at and below a directory. */
  unmountBelow(dir: string): Promise<void>
}

/** By the machine's mount(8); for a kubelet with a mount namespace of its own, and the right to use it. */
export const tmpfsMounts: MemoryMounts = {
  async mount(dir, bytes) {
    if (mountsBelow(dir).includes(dir)) return false
    await runTool('mount', ['-t', 'tmpfs', '-o', `size=${bytes}`, 'tmpfs', dir])
    return true
  },
  async unmountBelow(dir) {
    // What was mounted last lies on top.
    for (const place of mountsBelow(dir).reverse()) await runTool('umount', [place])
  },
}

/** Mount points at and below a directory, in the order in which they were mounted. */
function mountsBelow(dir: string): string[] {
  return readFileSync('/proc/self/mountinfo', 'utf8')
    .split('\n')
    .map((line) => unescape(line.split(' ')[4] ?? ''))
    .filter((place) => place === dir || place.startsWith(`${dir}/`))
}

/** Blanks and backslashes are octal there, see proc(5). */
function unescape(text: string): string {
  return text.replaceAll(/\\([0-7]{3})/g, (_, digits: string) =>
    String.fromCharCode(Number.parseInt(digits, 8)),
  )
}

function runTool(tool: string, args: readonly string[]): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = spawn(tool, args, { stdio: ['ignore', 'ignore', 'pipe'] })
    let said = ''
    child.stderr.on('data', (chunk: Buffer) => (said += chunk.toString()))
    child.once('error', reject)
    child.once('close', (code) =>
      code === 0 ? resolve() : reject(new Error(`${tool} failed: ${said.trim()}`)),
    )
  })
}
