import type { TaskTable } from "../../plan/physical.ts";
import type { Seeker } from "./intake.ts";
import type { TaskHost } from "./task_host.ts";

/** A wave that has read nothing for so long does not hold up the next one. */
const STALLED_MS = 2_000;
/** Tasks in a wave: while one's records are taken, another's are fetched. */
const WAVE_TASKS = 2;

interface Loading {
  readonly host: TaskHost;
  /** The host's start that this is about: a later one is somebody else's. */
  readonly start: number;
}

/**
 * Starting tasks read their topics a few at a time, those that others look up first: all at once would have none of
 * them ready, and nothing new shown, before the last record is read.
 */
export class LoadOrder {
  #waves: Loading[][] = [];
  #current: Loading[] = [];
  #left = Infinity;
  #movedMs = 0;

  /** Tasks whose positions are known, to be read after those added before. */
  add(hosts: readonly TaskHost[]): void {
    for (const table of rightsFirst(hosts.map((host) => host.table))) {
      const ofTable = hosts.filter((host) => host.table === table && host.topics.length > 0);
      for (let first = 0; first < ofTable.length; first += WAVE_TASKS) {
        this.#waves.push(ofTable.slice(first, first + WAVE_TASKS).map((host) => ({ host, start: host.start })));
      }
    }
  }

  /** Begins to read the next wave when the one before is read. */
  advance(reader: Seeker, nowMs: number): void {
    if (this.#waves.length === 0) return;
    this.#current = this.#current.filter(({ host, start }) => host.start === start && !host.caughtUp);
    const left = this.#current.reduce((sum, { host }) => sum + host.lag, 0);
    if (left !== this.#left) this.#movedMs = nowMs;
    this.#left = left;
    if (this.#current.length > 0 && nowMs - this.#movedMs < STALLED_MS) return;
    const wave = this.#waves.shift()!.filter(({ host, start }) => host.start === start);
    for (const { host } of wave) {
      host.readSince(nowMs);
      host.topics.forEach((topic, member) => reader.seek(topic, host.partition, host.positions[member]));
    }
    this.#current.push(...wave);
    this.#movedMs = nowMs;
    // An empty partition is read before it is asked for.
    this.advance(reader, nowMs);
  }
}

/** Each of the tables once, after those that it looks up unless they look it up too. */
function rightsFirst(tables: readonly TaskTable[]): Set<TaskTable> {
  const ordered = new Set<TaskTable>();
  const visited = new Set<TaskTable>();
  const visit = (table: TaskTable) => {
    if (visited.has(table)) return;
    visited.add(table);
    for (const lookup of table.lookups) {
      const right = lookup.global ? undefined : tables.find((candidate) => candidate.index === lookup.table);
      if (right !== undefined) visit(right);
    }
    ordered.add(table);
  };
  tables.forEach(visit);
  return ordered;
}
