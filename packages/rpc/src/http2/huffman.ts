import { ProtocolError } from './protocol-error.ts'

/**
 * The Huffman code of RFC 7541, appendix B. It is canonical, so the lengths alone give the codes: for each length in
 * bits its symbols in rising order, as ranges. Symbol 256 ends a string and never appears inside one.
 */
const symbolsByLength: readonly (readonly [bits: number, ranges: string])[] = [
  [5, '48-50 97 99 101 105 111 115 116'],
  [6, '32 37 45-47 51-57 61 65 95 98 100 102-104 108-110 112 114 117'],
  [7, '58 66-87 89 106 107 113 118-122'],
  [8, '38 42 44 59 88 90'],
  [10, '33 34 40 41 63'],
  [11, '39 43 124'],
  [12, '35 62'],
  [13, '0 36 64 91 93 126'],
  [14, '94 125'],
  [15, '60 96 123'],
  [19, '92 195 208'],
  [20, '128 130 131 162 184 194 224 226'],
  [21, '153 161 167 172 176 177 179 209 216 217 227 229 230'],
  [
    22,
    '129 132-134 136 146 154 156 160 163 164 169 170 173 178 181 185-187 189 190 196 198 228 232 233',
  ],
  [
    23,
    '1 135 137-141 143 147 149-152 155 157 158 165 166 168 174 175 180 182 183 188 191 197 231 239',
  ],
  [24, '9 142 144 145 148 159 171 206 215 225 236 237'],
  [25, '199 207 234 235'],
  [26, '192 193 200-202 205 210 213 218 219 238 240 242 243 255'],
  [27, '203 204 211 212 214 221-223 241 244-248 250-254'],
  [28, '2-8 11 12 14-21 23-31 127 220 249'],
  [30, '10 13 22 256'],
]

const endOfString = 256

/** A binary tree in two arrays: `next[2 * node + bit]` is a node, or minus one minus a symbol. */
let tree: Int32Array | undefined

export function decodeHuffman(bytes: Buffer, start: number, end: number): string {
  tree ??= buildTree()
  let text = ''
  let node = 0
  let depth = 0
  let isAllOnes = true
  for (let at = start; at < end; at++) {
    const byte = bytes[at]!
    for (let shift = 7; shift >= 0; shift--) {
      const bit = (byte >> shift) & 1
      const next = tree[2 * node + bit]!
      depth += 1
      isAllOnes &&= bit === 1
      if (next >= 0) {
        node = next
        continue
      }
      const symbol = -1 - next
      if (symbol === endOfString) throw new ProtocolError('COMPRESSION_ERROR', 'end of string')
      text += String.fromCharCode(symbol)
      node = 0
      depth = 0
      isAllOnes = true
    }
  }
  // The padding is the beginning of the end-of-string code, which is all ones, and shorter than a byte (section 5.2).
  if (depth > 7 || !isAllOnes) throw new ProtocolError('COMPRESSION_ERROR', 'wrong padding')
  return text
}

function buildTree(): Int32Array {
  const next = new Int32Array(2 * 512)
  let nodes = 1
  let code = 0
  let length = 0
  for (const [bits, ranges] of symbolsByLength) {
    for (const symbol of expand(ranges)) {
      code *= 2 ** (bits - length)
      length = bits
      let node = 0
      for (let shift = bits - 1; shift > 0; shift--) {
        const slot = 2 * node + ((code >>> shift) & 1)
        if (next[slot] === 0) next[slot] = nodes++
        node = next[slot]!
      }
      next[2 * node + (code & 1)] = -1 - symbol
      code += 1
    }
  }
  return next
}

function expand(ranges: string): number[] {
  return ranges.split(' ').flatMap((range) => {
    const [first, last] = range.split('-').map(Number) as [number, number | undefined]
    return Array.from({ length: (last ?? first) - first + 1 }, (_, i) => first + i)
  })
}
