import type { StackLayout } from "../layout.ts";

/** By the lowest three bits of a record batch's attributes. */
const CODECS = ["none", "gzip", "snappy", "lz4", "zstd"] as const;
export type Codec = typeof CODECS[number];

// Format of a batch: its offset (8 bytes), its length from here on (4), leader epoch (4), magic (1), checksum (4), then
// its attributes (2).
const LENGTH_AT = 8;
const LENGTH_ENDS_AT = 12;
const ATTRIBUTES_AT = 21;
/** Set in a batch that marks the end of a transaction instead of holding records. */
const IS_CONTROL = 1 << 5;

/** How many record batches of the topics are compressed how, as they lie in the broker's files. */
export async function batchesByCodec(layout: StackLayout, isWanted: (topic: string) => boolean) {
  const counts: Record<Codec, number> = { none: 0, gzip: 0, snappy: 0, lz4: 0, zstd: 0 };
  const folder = `${layout.data}/kafka`;
  for await (const partition of Deno.readDir(folder)) {
    if (!partition.isDirectory || !isWanted(partition.name.replace(/-\d+$/, ""))) continue;
    for await (const file of Deno.readDir(`${folder}/${partition.name}`)) {
      if (file.name.endsWith(".log")) count(await Deno.readFile(`${folder}/${partition.name}/${file.name}`), counts);
    }
  }
  return counts;
}

function count(bytes: Uint8Array, counts: Record<Codec, number>): void {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (let at = 0; at + ATTRIBUTES_AT + 2 <= bytes.length;) {
    const length = view.getInt32(at + LENGTH_AT);
    // The broker makes its files longer than what is in them.
    if (length <= 0) return;
    const attributes = view.getInt16(at + ATTRIBUTES_AT);
    if ((attributes & IS_CONTROL) === 0) counts[CODECS[attributes & 7]]++;
    at += LENGTH_ENDS_AT + length;
  }
}
