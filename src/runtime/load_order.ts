import type { Reader } from "../ports/log.ts";
import type { TaskHost } from "./task_host.ts";

/** A wave that has read nothing for so long does not hold up the next one. */
const STALLED_MS = 2_000;

interface Loading {
  readonly host: TaskHost;
  /** The host's start that this is about: a later one is somebody else's. */
  readonly start: number;
}

/**
 * Starting tasks read their topics table by table: all at once would have none of them ready before the last record is read, and the
 * order in which they become ready is of no importance.
 */
export class LoadOrder {
  #waves: Loading[][] = [];
  #current: Loading[] = [];
  #left = Infinity;
  #movedMs = 0;

  /** Tasks whose positions are known, to be read after those added before. */
  add(hosts: readonly TaskHost[]): void {
    for (const table of new Set(hosts.map((host) => host.table))) {
      const ofTable = hosts.filter((host) => host.table === table && host.topics.length > 0);
      if (ofTable.length > 0) this.#waves.push(ofTable.map((host) => ({ host, start: host.start })));
    }
  }

  /** Begins to read the next table when the one before is read. */
  advance(reader: Reader, nowMs: number): void {
    if (this.#waves.length === 0) return;
    this.#current = this.#current.filter(({ host, start }) => host.start === start && !host.caughtUp);
    const left = this.#current.reduce((sum, { host }) => sum + host.lag, 0);
    if (left !== this.#left) this.#movedMs = nowMs;
    this.#left = left;
    if (this.#current.length > 0 && nowMs - this.#movedMs < STALLED_MS) return;
    const wave = this.#waves.shift()!.filter(({ host, start }) => host.start === start);
    for (const { host } of wave) {
      host.topics.forEach((topic, member) => reader.seek(topic, host.partition, host.positions[member]));
    }
    this.#current.push(...wave);
    this.#movedMs = nowMs;
    // An empty partition is read before it is asked for.
    this.advance(reader, nowMs);
  }
}
