import { LayeredTree } from '../images/loaded/layered-tree.ts'

/**
 * Whether a command can be started in a container, in runc's words where not. `root` is the container's root as this
 * process can see it: links are followed inside it only.
 */
export function findProgramProblem(
  root: string,
  command: string,
  environment: readonly string[],
): string | undefined {
  const tree = new LayeredTree([root])
  const isProgram = (path: string): boolean => {
    const stat = tree.find(path)?.stat
    return stat !== undefined && !stat.isDirectory() && (stat.mode & 0o111) !== 0
  }
  if (!command.includes('/')) {
    const path = environment.find((entry) => entry.startsWith('PATH='))?.slice(5) ?? ''
    if (path.split(':').some((folder) => isProgram(`${folder}/${command}`))) return undefined
    return `exec: "${command}": executable file not found in $PATH`
  }
  const stat = tree.find(command)?.stat
  if (!stat) return `exec: "${command}": stat ${command}: no such file or directory`
  if (stat.isDirectory()) return `exec: "${command}": is a directory`
  return isProgram(command) ? undefined : `exec: "${command}": permission denied`
}
