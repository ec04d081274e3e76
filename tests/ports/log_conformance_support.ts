import type { Bytes, Fetched, GroupOptions, Log, LogRecord, Membership, Reader } from "../../src/ports/log.ts";

/** The longest a case waits for something that must happen. */
const PATIENCE_MS = 30_000;

const decoder = new TextDecoder();
const encoder = new TextEncoder();

/** A name that no other case, run or machine uses. */
export function uniqueName(what: string): string {
  return `weir-conformance-${what}-${crypto.randomUUID().slice(0, 13)}`;
}

/** Creates a topic of its own for a case and gives back its name. */
export async function newTopic(log: Log, what: string, partitions = 1): Promise<string> {
  const name = uniqueName(what);
  await log.createTopic({ name, partitions, cleanup: "delete", retentionMs: -1 });
  return name;
}

/** As {@link newTopic}, compacted. */
export async function newCompactedTopic(log: Log, what: string): Promise<string> {
  const name = uniqueName(what);
  await log.createTopic({ name, partitions: 1, cleanup: "compact", retentionMs: -1 });
  return name;
}

/** The text that `bytes` stands for. */
export function textOf(bytes: Bytes | null): string | null {
  return bytes === null || typeof bytes === "string" ? bytes : decoder.decode(bytes);
}

/** A copy of the bytes that `bytes` stands for, as plain numbers. */
export function bytesOf(bytes: Bytes | null): number[] | null {
  return bytes === null ? null : [...(typeof bytes === "string" ? encoder.encode(bytes) : bytes)];
}

/** Values `<prefix>0`, `<prefix>1`, ... as records without keys. */
export function numbered(prefix: string, count: number): { key: null; value: string }[] {
  return Array.from({ length: count }, (_, index) => ({ key: null, value: `${prefix}${index}` }));
}

/** Resolves as `promise` does; rejects when that takes longer than {@link PATIENCE_MS}. */
export async function patiently<T>(promise: Promise<T>, what: string): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`${what} did not happen within ${PATIENCE_MS} ms`)), PATIENCE_MS);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}

/**
 * Polls, hands each part to `take`, and ends when `take` returns true. Everything fetched must keep the port's
 * promises.
 */
export async function pollUntil(reader: Reader, what: string, take: (part: Fetched) => boolean): Promise<void> {
  const deadline = Date.now() + PATIENCE_MS;
  for (;;) {
    if (Date.now() > deadline) throw new Error(`${what} did not happen within ${PATIENCE_MS} ms`);
    let done = false;
    for (const part of await reader.poll(500)) {
      checkPart(part);
      done = take(part) || done;
    }
    if (done) return;
  }
}

/** Reads the partition from `offset` until `count` records have come. The reader ends up stopped for that partition. */
export async function read(log: Log, topic: string, options: ReadOptions): Promise<LogRecord[]> {
  const reader = log.reader();
  const records: LogRecord[] = [];
  try {
    reader.seek(topic, options.partition ?? 0, options.offset ?? 0);
    await pollUntil(reader, `reading ${options.count} records of ${topic}`, (part) => {
      records.push(...part.records.map(copyOf));
      return records.length >= options.count;
    });
  } finally {
    await reader.close();
  }
  return records;
}

export interface ReadOptions {
  readonly partition?: number;
  readonly offset?: number;
  readonly count: number;
}

/** Everything between `offset` and the partition's end, however few records are left there. */
export async function readToEnd(log: Log, topic: string, offset = 0): Promise<LogRecord[]> {
  const end = (await log.offsets(topic)).end[0];
  const reader = log.reader();
  const records: LogRecord[] = [];
  try {
    if (offset >= end) return records;
    reader.seek(topic, 0, offset);
    await pollUntil(reader, `reading ${topic} to its end ${end}`, (part) => {
      records.push(...part.records.map(copyOf));
      return part.nextOffset >= end;
    });
  } finally {
    await reader.close();
  }
  return records;
}

function copyOf(record: LogRecord): LogRecord {
  const { headers } = record;
  const copy = { ...record, key: copyOfBytes(record.key), value: copyOfBytes(record.value) };
  return headers === undefined ? copy : { ...copy, headers: headers.slice() };
}

function copyOfBytes(bytes: Bytes | null): Bytes | null {
  return bytes instanceof Uint8Array ? bytes.slice() : bytes;
}

function checkPart(part: Fetched): void {
  let previous = -1;
  for (const { offset } of part.records) {
    if (offset <= previous) {
      throw new Error(`offset ${offset} came after ${previous} in ${part.topic}/${part.partition}`);
    }
    previous = offset;
  }
  if (part.outOfRange) return;
  if (part.nextOffset <= previous) throw new Error(`nextOffset ${part.nextOffset} does not pass ${previous}`);
  if (part.endOffset < part.nextOffset) throw new Error(`endOffset ${part.endOffset} lies before ${part.nextOffset}`);
}

/** A group member that remembers its assignments. */
export interface TestMember {
  readonly membership: Membership;
  /** Every assignment so far, each sorted. */
  readonly assignments: readonly string[][];
  /** The newest assignment that fulfils `condition`, as soon as there is one. */
  until(condition: (tasks: readonly string[]) => boolean): Promise<string[]>;
  /** As told with each assignment. */
  readonly standbys: readonly (readonly string[])[];
}

/** Joins and records what is assigned. */
export async function joinMember(
  log: Log,
  options: Pick<GroupOptions, "group" | "tasks" | "standbys" | "address">,
): Promise<TestMember> {
  const assignments: string[][] = [];
  const standbys: string[][] = [];
  let changed = signal();
  const membership = await patiently(
    log.join({
      ...options,
      onAssigned: (tasks, kept) => {
        assignments.push([...tasks].sort());
        standbys.push([...kept].sort());
        changed.resolve();
        changed = signal();
      },
      onFailed: (error) => changed.reject(error),
    }),
    "joining",
  );
  const until = async (condition: (tasks: readonly string[]) => boolean): Promise<string[]> => {
    for (;;) {
      const newest = assignments.at(-1);
      if (newest !== undefined && condition(newest)) return newest;
      await changed.promise;
    }
  };
  return { membership, assignments, standbys, until: (condition) => patiently(until(condition), "the assignment") };
}

/** A promise that may be rejected while nobody waits for it. */
function signal(): PromiseWithResolvers<void> {
  const resolvers = Promise.withResolvers<void>();
  resolvers.promise.catch(() => {});
  return resolvers;
}
