import type { SavedOrder } from "../../formats/changelog_fact.ts";
import { topicOf } from "../../record/source_name.ts";
import type { Marks, Pack, PackedEvent } from "./pack.ts";
import { type Held, isBefore, isEarlier, type SourcedEvent, SourceTime } from "./source_time.ts";

/** So long after a source had all it has there it holds nobody back. */
export const LEASE_MS = 10_000;
/** So many instances are known by name. */
const ISSUERS_MAX = 20;
/** So many events wait at most for sources that are behind; of more the earliest are given. */
const HELD_MAX = 100_000;
/** A record gives so many of the events that waited, and as many as it has itself. */
const GIVEN_MAX = 1_000;

/** What becomes of events. */
export interface TimeOrderPorts {
  /** The next event. */
  readonly give: (event: SourcedEvent) => void;
  /** Time passes without an event. Microseconds since the epoch. */
  readonly tick: (toUs: number) => void;
  /** An event was given though one of a source that is behind may still come before it: too many wait. */
  readonly onOvertaken: () => void;
  /** Whether events of an input wait for nothing, and all others for them. */
  readonly comesFirst: (input: number) => boolean;
}

/**
 * The order in which a stage takes its events. As long as all of its sources are read to their ends, that is the order
 * of the repartition topic. While one is behind (a first start, a long stop, an owner that is gone), events of the
 * others wait until it has reached their time: each source keeps its own order, and of several the earliest comes
 * first.
 *
 * Law: what is given with a record is a function of the records up to it. A source is behind unless one of them says
 * that all it had a short time ago is there. That time is the order's own: it passes as the fastest instance ages, and
 * every instance that begins makes all older claims void, as nobody knows how long there was none.
 */
export class TimeOrder {
  readonly #ports: TimeOrderPorts;
  readonly #sources = new Map<string, SourceTime>();
  /** Those of which events wait. */
  #holding: SourceTime[] = [];
  #topics: Marks["topics"] = [];
  #topicsToldMs = 0;
  #nowMs = 0;
  /** What time it was when each told something, and how old it was: those that did so last at the end. */
  readonly #issuers = new Map<string, { readonly atMs: number; readonly ageMs: number }>();
  #limitUs = Infinity;
  #slowest: SourceTime | null = null;
  #held = 0;
  #order = 0;
  #tickUs: number | null = null;
  #left = 0;

  constructor(ports: TimeOrderPorts, saved: SavedOrder | null) {
    this.#ports = ports;
    if (saved !== null) this.#load(saved);
  }

  /** Whether a source is behind, or an event waits. */
  get waits(): boolean {
    return this.#slowest !== null || this.#held > 0;
  }

  /** The source that is furthest behind: topic and partition, as people read it; null: none is. */
  get waitsFor(): string | null {
    return this.#slowest?.name ?? null;
  }

  /** How many events wait. */
  get held(): number {
    return this.#held;
  }

  /** Whether events would be given with the next record, whatever it is. */
  get isReady(): boolean {
    return this.#held > 0 && (this.#earliest().held[0].readyUs <= this.#limitUs || this.#held > HELD_MAX);
  }

  /** Takes a record at an offset. `events`: those of its pack that have not come before. */
  take(pack: Pack, { offset, events }: { readonly offset: number; readonly events: readonly PackedEvent[] }): void {
    this.#left = GIVEN_MAX + events.length;
    if (pack.marks !== undefined) this.#mark(pack.marks);
    const { source, partition } = pack;
    const time = events.length === 0 ? undefined : this.#sources.get(nameOf(source, partition));
    for (const event of events) {
      if (time === undefined || this.#ports.comesFirst(event.input)) this.#ports.give({ source, partition, event });
      else this.#enter(time, { source, partition, event, at: offset });
    }
    this.#drain();
  }

  /** Time is to pass to this point when all events before it were given. Microseconds since the epoch. */
  tick(toUs: number): void {
    this.#left = GIVEN_MAX;
    this.#tickUs = Math.max(this.#tickUs ?? -Infinity, toUs);
    this.#drain();
  }

  #enter(time: SourceTime, entered: SourcedEvent & Pick<Held, "at">): void {
    const { timestampUs } = entered.event;
    time.lastUs = Math.max(time.lastUs, timestampUs);
    if (timestampUs > time.clockUs) {
      time.clockUs = timestampUs;
      if (time === this.#slowest) this.#findLimit();
    }
    if (this.#held === 0 && this.#tickUs === null && time.lastUs <= this.#limitUs) return this.#ports.give(entered);
    this.#hold(time, { ...entered, readyUs: time.lastUs, order: this.#order++ });
    this.#drain();
  }

  #hold(time: SourceTime, held: Held): void {
    if (time.held.length === 0) this.#holding.push(time);
    time.held.push(held);
    this.#held++;
  }

  #drain(): void {
    while (true) {
      const next = this.#held === 0 ? null : this.#earliest();
      const readyUs = next === null ? Infinity : next.held[0].readyUs;
      if (this.#tickUs !== null && this.#tickUs < readyUs && this.#tickUs <= this.#limitUs) {
        const toUs = this.#tickUs;
        this.#tickUs = null;
        this.#ports.tick(toUs);
        continue;
      }
      if (next === null || this.#left <= 0) return;
      if (readyUs > this.#limitUs) {
        if (this.#held <= HELD_MAX) return;
        this.#ports.onOvertaken();
      }
      this.#left--;
      this.#ports.give(this.#next(next));
    }
  }

  #next(time: SourceTime): Held {
    const held = time.held.shift()!;
    this.#held--;
    if (time.held.length === 0) this.#holding.splice(this.#holding.indexOf(time), 1);
    return held;
  }

  #earliest(): SourceTime {
    const holding = this.#holding;
    let first = holding[0];
    for (let at = 1; at < holding.length; at++) if (isBefore(holding[at].held[0], first.held[0])) first = holding[at];
    return first;
  }

  #mark({ issuer, ageMs, topics, claims }: Marks): void {
    if (issuer === "") return;
    const toldMs = this.#passTo(issuer, ageMs);
    if (toldMs >= this.#topicsToldMs) this.#setTopics(topics, toldMs);
    for (const { topic, partition, completeMs, clockUs } of claims) {
      const time = this.#sources.get(nameOf(topics[topic][0], partition));
      if (time === undefined) continue;
      const liveUntilMs = completeMs < 0 ? -Infinity : toldMs - (ageMs - completeMs) + LEASE_MS;
      time.liveUntilMs = Math.max(time.liveUntilMs, liveUntilMs);
      time.clockUs = Math.max(time.clockUs, clockUs ?? -Infinity);
    }
    this.#findLimit();
  }

  /**
   * Time passes to where an instance tells something. Returns when that was: now, or as much earlier as the instance
   * has aged less than others since it told something last, for then it comes late.
   */
  #passTo(issuer: string, ageMs: number): number {
    const last = this.#issuers.get(issuer);
    if (last === undefined) this.#nowMs += LEASE_MS + 1;
    const toldMs = last === undefined ? this.#nowMs : last.atMs + ageMs - last.ageMs;
    if (last !== undefined && ageMs <= last.ageMs) return toldMs;
    this.#nowMs = Math.max(this.#nowMs, toldMs);
    this.#issuers.delete(issuer);
    this.#issuers.set(issuer, { atMs: this.#nowMs, ageMs });
    if (this.#issuers.size > ISSUERS_MAX) this.#issuers.delete(this.#issuers.keys().next().value!);
    return toldMs;
  }

  /** What is no source any more holds nobody back, and is held back no more. */
  #setTopics(topics: Marks["topics"], nowMs: number): void {
    this.#topicsToldMs = nowMs;
    if (JSON.stringify(topics) === JSON.stringify(this.#topics)) return;
    this.#topics = topics;
    const known = new Map(this.#sources);
    this.#sources.clear();
    for (const [topic, partitions] of topics) {
      for (let partition = 0; partition < partitions; partition++) {
        const name = nameOf(topic, partition);
        this.#sources.set(name, known.get(name) ?? new SourceTime(`"${topic}", partition ${partition}`));
        known.delete(name);
      }
    }
    for (const gone of known.values()) while (gone.held.length > 0) this.#ports.give(this.#next(gone));
  }

  /** The newest time of the source that is furthest behind. */
  #findLimit(): void {
    this.#slowest = null;
    this.#limitUs = Infinity;
    for (const time of this.#sources.values()) {
      if (time.liveUntilMs >= this.#nowMs || (this.#slowest !== null && time.clockUs >= this.#limitUs)) continue;
      this.#slowest = time;
      this.#limitUs = time.clockUs;
    }
  }

  /** A wire value; null if it is as new. */
  save(): SavedOrder | null {
    if (this.#topics.length === 0) return null;
    const heads = this.#holding.map(({ held }) => held[0]);
    return {
      now: [this.#nowMs, this.#topicsToldMs],
      issuers: [...this.#issuers].map(([issuer, { atMs, ageMs }]) => [issuer, atMs, ageMs]),
      topics: this.#topics,
      times: [...this.#sources.values()].map(({ liveUntilMs, clockUs, lastUs }) =>
        [liveUntilMs, clockUs, lastUs].map((time) => time === -Infinity ? null : time)
      ),
      held: Object.fromEntries(heads.map((held) => [nameOf(held.source, held.partition), savedHead(held)])),
      from: heads.length === 0 ? null : Math.min(...heads.map(({ at }) => at)),
      tickUs: this.#tickUs,
    };
  }

  #load({ now: [nowMs, toldMs], issuers, topics, times, held, tickUs }: SavedOrder): void {
    for (const [issuer, atMs, ageMs] of issuers) this.#issuers.set(issuer, { atMs, ageMs });
    this.#setTopics(topics, toldMs);
    this.#nowMs = nowMs;
    this.#tickUs = tickUs;
    for (const [index, time] of [...this.#sources.values()].entries()) {
      const [liveUntilMs, clockUs, lastUs] = times[index];
      time.liveUntilMs = liveUntilMs ?? -Infinity;
      time.clockUs = clockUs ?? -Infinity;
      time.lastUs = lastUs ?? -Infinity;
    }
    for (const [name, [source, offset, index, readyUs]] of Object.entries(held)) {
      this.#sources.get(name)!.from = { source, offset, index, readyUs };
    }
    this.#findLimit();
  }

  /** Takes once more a record that is older than what was saved: its events that waited then wait again. */
  takeAgain({ source, partition, events }: Pack, offset: number): void {
    const time = this.#sources.get(nameOf(source, partition));
    if (time === undefined || time.from === null) return;
    const { from, again } = time;
    for (const event of events) {
      if (this.#ports.comesFirst(event.input)) continue;
      const last = time.held.at(-1);
      if (last === undefined && (source !== from.source || isEarlier(event, from))) continue;
      const known = again.get(source);
      if (known !== undefined && !isEarlier(known, event)) continue;
      again.set(source, event);
      const readyUs = last === undefined ? from.readyUs : Math.max(last.readyUs, event.timestampUs);
      this.#hold(time, { source, partition, event, at: offset, readyUs, order: this.#order++ });
    }
  }
}

/** A topic that was made again is the same source: instances that began at different times have other ids of it. */
function nameOf(source: string, partition: number): string {
  return `${topicOf(source)}/${partition}`;
}

function savedHead({ source, readyUs, event: { offset, index } }: Held): SavedOrder["held"][string] {
  return [source, offset, index, readyUs];
}
