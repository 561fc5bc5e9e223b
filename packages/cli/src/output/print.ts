// A reader that goes away (`kemu up | head`) does not end what the command does.
process.stdout.on('error', () => {})

/** What people read goes to stdout as it is. */
export function print(text: string): void {
  process.stdout.write(text)
}
