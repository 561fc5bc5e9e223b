import { createServer } from 'node:net'

/**
 * Whether addresses such as 127.0.0.2 are local, as they are on Linux. On macOS only 127.0.0.1 is, and the loopback
 * driver cannot work.
 */
export function loopbackBlockWorks(address = '127.0.0.2'): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer()
    server.on('error', () => resolve(false))
    server.listen(0, address, () => server.close(() => resolve(true)))
  })
}
