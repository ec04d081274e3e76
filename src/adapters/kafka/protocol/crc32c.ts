/**
 * CRC-32C (Castagnoli), eight bytes at a time. By hand: node:zlib has only the other polynomial, and kafkajs' goes byte
 * by byte.
 */

const tables = makeTables();
const [t0, t1, t2, t3, t4, t5, t6, t7] = tables;

/** Checksum of `bytes[start, end)` as an unsigned 32-bit number. */
export function crc32c(bytes: Uint8Array, start = 0, end = bytes.length): number {
  let crc = -1;
  let at = start;
  for (const last = end - 8; at <= last; at += 8) {
    crc ^= bytes[at] | bytes[at + 1] << 8 | bytes[at + 2] << 16 | bytes[at + 3] << 24;
    crc = t7[crc & 0xff] ^ t6[crc >>> 8 & 0xff] ^ t5[crc >>> 16 & 0xff] ^ t4[crc >>> 24] ^
      t3[bytes[at + 4]] ^ t2[bytes[at + 5]] ^ t1[bytes[at + 6]] ^ t0[bytes[at + 7]];
  }
  for (; at < end; at++) crc = t0[(crc ^ bytes[at]) & 0xff] ^ crc >>> 8;
  return ~crc >>> 0;
}

function makeTables(): Int32Array[] {
  const made = Array.from({ length: 8 }, () => new Int32Array(256));
  for (let byte = 0; byte < 256; byte++) {
    let crc = byte;
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? crc >>> 1 ^ 0x82f63b78 : crc >>> 1;
    made[0][byte] = crc;
  }
  for (let table = 1; table < 8; table++) {
    for (let byte = 0; byte < 256; byte++) {
      const previous = made[table - 1][byte];
      made[table][byte] = made[0][previous & 0xff] ^ previous >>> 8;
    }
  }
  return made;
}
