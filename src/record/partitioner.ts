const SEED = 0x9747b28c;
const M = 0x5bd1e995;
const encoder = new TextEncoder();
let buffer = new Uint8Array(256);

/**
 * Kafka's default partition of a key: positive murmur2 of its bytes, modulo the partition count
 * (`org.apache.kafka.common.utils.Utils.murmur2`, `BuiltInPartitioner.partitionForKey`).
 */
export function partitionOf(key: string | Uint8Array, partitions: number): number {
  return (hash(key) & 0x7fffffff) % partitions;
}

function hash(key: string | Uint8Array): number {
  if (typeof key !== "string") return murmur2(key, key.length);
  if (key.length * 3 > buffer.length) buffer = new Uint8Array(key.length * 4);
  for (let index = 0; index < key.length; index++) {
    const code = key.charCodeAt(index);
    if (code > 127) return murmur2(buffer, encoder.encodeInto(key, buffer).written);
    buffer[index] = code;
  }
  return murmur2(buffer, key.length);
}

/** murmur2 of the first `length` bytes, as a signed 32-bit integer. */
function murmur2(data: Uint8Array, length: number): number {
  let h = SEED ^ length;
  const words = length >> 2;
  for (let word = 0; word < words; word++) {
    const at = word << 2;
    let k = data[at] | (data[at + 1] << 8) | (data[at + 2] << 16) | (data[at + 3] << 24);
    k = Math.imul(k, M);
    k ^= k >>> 24;
    k = Math.imul(k, M);
    h = Math.imul(h, M) ^ k;
  }
  const tail = words << 2;
  const rest = length & 3;
  if (rest === 3) h ^= data[tail + 2] << 16;
  if (rest >= 2) h ^= data[tail + 1] << 8;
  if (rest >= 1) h = Math.imul(h ^ data[tail], M);
  h ^= h >>> 13;
  h = Math.imul(h, M);
  return h ^ (h >>> 15);
}
