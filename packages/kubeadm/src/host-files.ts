import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { dirname, join } from 'node:path'

/** Files below one host's directory, by the paths that kubeadm gives them. Secrets are readable by their owner only. */
export class HostFiles {
  readonly #dir: string

  constructor(dir: string) {
    this.#dir = dir
  }

  has(path: string): boolean {
    return existsSync(join(this.#dir, path))
  }

  read(path: string): string | undefined {
    return this.has(path) ? readFileSync(join(this.#dir, path), 'utf8') : undefined
  }

  /** Removes a file, or all that a directory holds: the directory itself may be a mount point. */
  remove(path: string): void {
    const place = join(this.#dir, path)
    if (!statSync(place, { throwIfNoEntry: false })?.isDirectory()) rmSync(place, { force: true })
    else for (const name of readdirSync(place)) rmSync(join(place, name), { recursive: true })
  }

  write(path: string, text: string): void {
    this.#write(path, text, 0o644)
  }

  writeSecret(path: string, text: string): void {
    this.#write(path, text, 0o600)
  }

  /** A reader sees the old text or the new one, never a part. */
  #write(path: string, text: string, mode: number): void {
    const file = join(this.#dir, path)
    mkdirSync(dirname(file), { recursive: true })
    const temporary = join(dirname(file), `.${process.pid}.tmp`)
    writeFileSync(temporary, text, { mode })
    chmodSync(temporary, mode)
    renameSync(temporary, file)
  }
}
