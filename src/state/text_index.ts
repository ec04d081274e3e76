import { mulberry32 } from "../record/mulberry32.ts";
import { mapBytes } from "./heap_bytes.ts";
import { NO_SLOT, type Slot } from "./slots.ts";

/** Keys of one Map, which then divides: growing one of more stops everything for longer than 10 ms. */
const SHARD_KEYS_MAX = 32_768;
/** What some divide at, as a share of that: all grow at the same pace, and should not divide together. */
const SHARD_KEYS_LEAST = 0.5;
/** Bits of the hash that tell shards apart, at most; then Maps grow. */
const DEPTH_MAX = 14;

interface Shard {
  readonly slots: Map<string, Slot>;
  /** How many bits of the hash all its keys have in common. */
  readonly depth: number;
  readonly keysMax: number;
}

/**
 * Text key -> slot: Maps of bounded size. V8 hashes texts with a secret of its own, so no keys are bad for a Map; a
 * hash made here only says which Map it is, and keys that agree in all of it are in one Map that grows, as without
 * shards. Extendible hashing (Fagin et al., Extendible Hashing, 1979): a full Map alone divides, by one bit more.
 */
export class TextIndex {
  /** By the lowest `depth` bits of the hash; a shard that has fewer bits stands in several places. */
  #shards: Shard[] = [newShard(0, 0)];
  #depth = 0;
  readonly #factor: number;

  constructor(seed: number) {
    this.#factor = (mulberry32(seed)() * 2 ** 32) | 1;
  }

  find(key: string): Slot {
    return this.#shardOf(key).slots.get(key) ?? NO_SLOT;
  }

  /** Adds a key that is not there. */
  add(key: string, slot: Slot): void {
    let shard = this.#shardOf(key);
    while (shard.slots.size >= shard.keysMax && shard.depth < DEPTH_MAX) {
      this.#divide(shard, this.#hash(key));
      shard = this.#shardOf(key);
    }
    shard.slots.set(key, slot);
  }

  /** Adds a key unless it is there, which it returns false for. */
  enter(key: string, slot: Slot): boolean {
    if (this.find(key) !== NO_SLOT) return false;
    this.add(key, slot);
    return true;
  }

  remove(key: string): void {
    this.#shardOf(key).slots.delete(key);
  }

  #shardOf(key: string): Shard {
    return this.#depth === 0 ? this.#shards[0] : this.#shards[this.#hash(key) & (this.#shards.length - 1)];
  }

  /** `hash`: of any of its keys. */
  #divide({ slots, depth }: Shard, hash: number): void {
    if (depth === this.#depth) {
      this.#shards = this.#shards.concat(this.#shards);
      this.#depth++;
    }
    const common = hash & ((1 << depth) - 1);
    const halves = [newShard(depth + 1, common), newShard(depth + 1, common | (1 << depth))];
    for (const [key, slot] of slots) halves[(this.#hash(key) >>> depth) & 1].slots.set(key, slot);
    for (let at = common; at < this.#shards.length; at += 1 << depth) this.#shards[at] = halves[(at >>> depth) & 1];
  }

  #hash(key: string): number {
    let hash = this.#factor;
    for (let at = 0; at < key.length; at++) hash = Math.imul(hash ^ key.charCodeAt(at), this.#factor);
    hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
    return hash ^ (hash >>> 13);
  }

  /** On the heap, as estimated, without the texts. */
  get bytes(): number {
    let bytes = 8 * this.#shards.length;
    for (const { slots } of new Set(this.#shards)) bytes += mapBytes(slots.size);
    return bytes;
  }
}

/** `common`: the bits of the hash that its keys have in common. */
function newShard(depth: number, common: number): Shard {
  const share = (Math.imul(common, 0x9e3779b1) >>> 0) / 2 ** 32;
  return { slots: new Map(), depth, keysMax: SHARD_KEYS_MAX * (SHARD_KEYS_LEAST + (1 - SHARD_KEYS_LEAST) * share) };
}
