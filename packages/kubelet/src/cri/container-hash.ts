import type { Container } from '@kemu/api'

/**
 * A container whose hash differs from its spec's is started anew. As upstream (pickFieldsToHash)
 * only name and image count: everything else of a running pod's container is immutable or applied
 * in place.
 */
export function containerHash(container: Container): string {
  return fnv1a32(JSON.stringify({ image: container.image ?? '', name: container.name }))
}

/** FNV-1a, 32 bits, as hexadecimal text. */
function fnv1a32(text: string): string {
  let hash = 0x811c9dc5
  for (const byte of Buffer.from(text)) hash = Math.imul(hash ^ byte, 0x01000193) >>> 0
  return hash.toString(16)
}
