/** One mount of a container's start, in the words of fstab(5). */
export interface MountLine {
  readonly source: string
  readonly target: string
  readonly type: string
  readonly options: readonly string[]
}

/** fstab(5) splits at blanks; libmount reads octal escapes. */
function escape(field: string): string {
  return field.replaceAll(
    /[\\ \t\n#]/g,
    (char) => `\\${char.charCodeAt(0).toString(8).padStart(3, '0')}`,
  )
}

/** All mounts of a container as one table, so that one mount(8) process makes them all, in this order. */
export function formatMountTable(lines: readonly MountLine[]): string {
  return lines
    .map(({ source, target, type, options }) =>
      [
        escape(source),
        escape(target),
        type,
        options.map(escape).join(',') || 'defaults',
        '0 0',
      ].join(' '),
    )
    .map((line) => `${line}\n`)
    .join('')
}

export function bind(source: string, target: string, ...options: readonly string[]): MountLine {
  return { source, target, type: 'none', options: ['bind', ...options] }
}
