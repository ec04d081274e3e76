import { mulberry32 } from "../record/mulberry32.ts";
import { CHUNK_BITS, CHUNK_MASK } from "./chunks.ts";
import { NO_SLOT, type Slot } from "./slots.ts";

/** Shards of an index as a power of two, once it is large. */
const SHARD_BITS = 8;
const SHARDS = 1 << SHARD_BITS;
/** Keys up to which there is one shard, since most tables are small. */
const ONE_SHARD_KEYS = 16_384;
const FIRST_LENGTH = 16;
/** Keys in a row that stand in one line of the processor's cache, each at its own place: 16 times 4 bytes. */
const BLOCK_KEYS = 16;
/** Of a stored number: the slot plus one; the bits above are its tag. */
const SLOT_MASK = 2 ** 28 - 1;
/** Brings bits of the hash that say neither the shard nor the place in it to where the tag is. */
const TAG_SHIFT = 8;
/** How full a shard gets before it doubles: the last one 0.25 more than the first, since all grow at the same pace. */
const FULL = 0.55;
const FULL_MORE = 0.25;

/**
 * Integer key -> slot, by open addressing with linear probing. Only slots are stored (plus one; 0 is free); the key is
 * read where the table keeps it. 256 shards, each of which doubles on its own, so that the longest stop is that of a
 * 256th of the whole. Removal moves up what stands behind, so that no mark stays.
 *
 * With millions of keys most of the time is spent on waiting for memory. So keys that differ in their last 4 bits alone
 * stand side by side, as keys are mostly met in their order; and 4 bits of the hash, the tag, stand above the slot: of
 * 16 other keys on the way one is read where it is kept.
 *
 * Written out here because a Map takes 37 bytes an entry instead of 7, ends at 16.7 million, and stops everything for
 * 30 ms whenever it doubles beyond half a million.
 *
 * Keys come from outside, and whoever could choose them to meet in one place would slow all others down. So the hash is
 * multiply-shift with secret odd factors (Dietzfelbinger et al., A Reliable Randomized Algorithm for the Closest-Pair
 * Problem, 1997), for which no set of keys is bad for more than a few seeds; the finalizer of MurmurHash3 then spreads
 * blocks that lie in a row. Within a block each key has a place of its own.
 */
export class KeyIndex {
  #shards: Int32Array[] = [new Int32Array(FIRST_LENGTH)];
  #counts = new Int32Array(1);
  #size = 0;
  /** Of the 32 lower bits, of the bits above, and what is added. */
  readonly #low: number;
  readonly #high: number;
  readonly #added: number;
  /** Keys by slot: see `slot_keys.ts`. */
  readonly #keys: readonly (Int32Array | Float64Array)[];

  /** `keys`: chunks of the table's keys; whoever has a slot in the index has its key there. */
  constructor(keys: readonly (Int32Array | Float64Array)[], seed: number) {
    const random = mulberry32(seed);
    this.#keys = keys;
    this.#low = (random() * 2 ** 32) | 1;
    this.#high = (random() * 2 ** 32) | 1;
    this.#added = (random() * 2 ** 32) | 0;
  }

  /** Makes room for `count` keys in place of all that is there, so that adding them doubles nothing. */
  reserve(count: number): void {
    if (count <= ONE_SHARD_KEYS) return;
    const length = 2 ** Math.ceil(Math.log2(count / SHARDS / FULL));
    this.#shards = Array.from({ length: SHARDS }, () => new Int32Array(length));
    this.#counts = new Int32Array(SHARDS);
  }

  /** The lowest bits are the key's own, the others are those of its block. */
  #hash(key: number): number {
    const block = Math.floor(key / BLOCK_KEYS);
    const high = Math.imul(Math.floor(block / 4294967296), this.#high);
    let hash = (Math.imul(block | 0, this.#low) + high + this.#added) | 0;
    hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
    hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
    return ((hash ^ (hash >>> 16)) & ~(BLOCK_KEYS - 1)) | (key & (BLOCK_KEYS - 1));
  }

  #shardOf(hash: number): number {
    return this.#shards.length === 1 ? 0 : hash >>> (32 - SHARD_BITS);
  }

  /** The slot of `key`, a safe integer; or NO_SLOT. */
  find(key: number): Slot {
    const hash = this.#hash(key);
    const shard = this.#shards[this.#shardOf(hash)];
    const mask = shard.length - 1;
    const tag = tagOf(hash);
    for (let at = hash & mask;; at = (at + 1) & mask) {
      const stored = shard[at];
      if (stored === 0) return NO_SLOT;
      if ((stored & ~SLOT_MASK) !== tag) continue;
      const slot = slotOf(stored);
      if (this.#keys[slot >>> CHUNK_BITS][slot & CHUNK_MASK] === key) return slot;
    }
  }

  /** Adds a key that is not there, and whose slot holds it already. */
  add(key: number, slot: Slot): void {
    if (this.#shards.length === 1 && this.#size >= ONE_SHARD_KEYS) this.#divide();
    const hash = this.#hash(key);
    const which = this.#shardOf(hash);
    this.#size++;
    if (++this.#counts[which] > this.#countMax(which)) this.#double(which);
    put(this.#shards[which], hash, tagOf(hash) | (slot + 1));
  }

  /** Adds a key unless it is there, which it returns false for. The slot holds the key already. */
  enter(key: number, slot: Slot): boolean {
    if (this.#shards.length === 1 && this.#size >= ONE_SHARD_KEYS) this.#divide();
    const hash = this.#hash(key);
    const which = this.#shardOf(hash);
    const shard = this.#shards[which];
    const mask = shard.length - 1;
    const tag = tagOf(hash);
    let at = hash & mask;
    for (; shard[at] !== 0; at = (at + 1) & mask) {
      if ((shard[at] & ~SLOT_MASK) === tag && this.#keyAt(slotOf(shard[at])) === key) return false;
    }
    this.#size++;
    if (++this.#counts[which] <= this.#countMax(which)) shard[at] = tag | (slot + 1);
    else {
      this.#double(which);
      put(this.#shards[which], hash, tag | (slot + 1));
    }
    return true;
  }

  #divide(): void {
    const [whole] = this.#shards;
    this.reserve(this.#size + 1);
    for (const stored of whole) {
      if (stored === 0) continue;
      const hash = this.#hash(this.#keyAt(slotOf(stored)));
      const which = this.#shardOf(hash);
      if (++this.#counts[which] > this.#countMax(which)) this.#double(which);
      put(this.#shards[which], hash, stored);
    }
  }

  #countMax(which: number): number {
    return this.#shards[which].length * (FULL + FULL_MORE * which / SHARDS);
  }

  #double(which: number): void {
    const shard = this.#shards[which];
    const longer = new Int32Array(shard.length * 2);
    for (const stored of shard) if (stored !== 0) put(longer, this.#hash(this.#keyAt(slotOf(stored))), stored);
    this.#shards[which] = longer;
  }

  /** Removes a key that is there; its slot must still hold it. */
  remove(key: number): void {
    const hash = this.#hash(key);
    const which = this.#shardOf(hash);
    const shard = this.#shards[which];
    const mask = shard.length - 1;
    let hole = hash & mask;
    while (this.#keyAt(slotOf(shard[hole])) !== key) hole = (hole + 1) & mask;
    this.#counts[which]--;
    this.#size--;
    for (let at = (hole + 1) & mask; shard[at] !== 0; at = (at + 1) & mask) {
      const home = this.#hash(this.#keyAt(slotOf(shard[at]))) & mask;
      if (((at - home) & mask) < ((at - hole) & mask)) continue;
      shard[hole] = shard[at];
      hole = at;
    }
    shard[hole] = 0;
  }

  #keyAt(slot: Slot): number {
    return this.#keys[slot >>> CHUNK_BITS][slot & CHUNK_MASK];
  }

  /** Off the heap; 100 bytes are what V8 keeps of an array. */
  get bytes(): number {
    let bytes = 0;
    for (const shard of this.#shards) bytes += shard.byteLength + 100;
    return bytes;
  }
}

/** Different for all keys of a block. */
function tagOf(hash: number): number {
  return ((hash << TAG_SHIFT) ^ (hash << 28)) & ~SLOT_MASK;
}

function slotOf(stored: number): Slot {
  return (stored & SLOT_MASK) - 1;
}

function put(shard: Int32Array, hash: number, stored: number): void {
  const mask = shard.length - 1;
  let at = hash & mask;
  while (shard[at] !== 0) at = (at + 1) & mask;
  shard[at] = stored;
}
