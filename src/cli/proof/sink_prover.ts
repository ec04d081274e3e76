import { timeText } from "../../runtime/explain/words.ts";
import { keyText } from "../explain/explain_path.ts";
import { parseClickHouseType } from "../../record/clickhouse_type.ts";
import type { Canonical } from "../verify/canonical.ts";
import { differingKey } from "./differing_key.ts";
import { type Compared, type Excuse, type Look, lookAtAll, lookAtKeys, lookAtRange, OtherKeys } from "./look.ts";
import { NotYetRead } from "./followed_topic.ts";
import { lookAtTotals } from "./look_totals.ts";
import { nameOf } from "./proved_sinks.ts";
import type { ProofPace } from "./proof_pace.ts";
import { type DifferingKey, KEYS_NAMED, type SinkProof, type TakenRows } from "./proof_report.ts";
import { Rounds } from "./rounds.ts";
import { TooManyRows } from "./slice_rows.ts";
import { type Suspect, Suspects } from "./suspects.ts";

/** A whole comparison is repeated when so many times as long as it took has gone by, */
const WHOLE_PAUSE = 3;
/** and not before. */
const WHOLE_PAUSE_MS = 5_000;

/** Goes round the rows of one sink, and remembers those that differ until it is known why. */
export class SinkProver {
  suspects = new Suspects();
  readonly compared: Compared;
  /** Why it cannot be compared at all; null: it can. */
  leftOut: string | null = null;
  /** Why it is not compared now; null: it is. */
  paused: string | null = null;
  /** Another instance compares it. */
  elsewhere = false;
  /** Why nobody looks again yet at what differed; null: somebody does, or nothing differed. */
  waits: string | null = null;
  readonly #pace: ProofPace;
  readonly #rounds = new Rounds();
  #whole: boolean;
  /** What is still to be read before anything is compared; null: nothing. */
  #reading: string | null = null;
  /** Of the last look. */
  #taken: readonly TakenRows[] = [];
  #after: string | null = null;
  #dueMs = 0;

  constructor(compared: Compared, pace: ProofPace) {
    this.compared = compared;
    this.#pace = pace;
    this.#whole = compared.sink.roots === null;
  }

  get topology(): string {
    return this.compared.topology.name;
  }

  get sink(): string {
    return nameOf(this.compared.sink.plan);
  }

  /** Compares the rows that come next. @throws Error when source or ClickHouse do not answer */
  async next(excuse: Excuse): Promise<void> {
    if (this.leftOut !== null || this.#pace.nowMs() < this.#dueMs) return;
    if (this.#whole) return await this.#lookAtAll(excuse, (look) => this.#first(look));
    try {
      await this.#nextRange(excuse);
    } catch (error) {
      if (!(error instanceof OtherKeys)) throw error;
      this.#whole = true;
      this.#after = null;
      this.#rounds.begin(this.#pace.nowMs());
    }
  }

  /** Looks again at these keys, of which Weir has applied all that the last look saw. */
  async again(keys: readonly Suspect[], excuse: Excuse): Promise<void> {
    if (keys.length === 0 || this.leftOut !== null) return;
    if (this.#whole) return await this.#lookAtAll(excuse, (look) => this.#again(keys, look));
    const look = await lookAtKeys(this.compared, { keys: keys.map(({ key }) => key), excuse });
    this.#again(keys, look);
    await this.#pace.breathe(look.read);
  }

  /** Whether another look could decide about a key. */
  get undecided(): boolean {
    return this.suspects.keys.some(({ looks }) => looks === 2);
  }

  async #nextRange(excuse: Excuse): Promise<void> {
    if (this.#after === null) this.#begin();
    const look = await lookAtRange(this.compared, { after: this.#after, rowsMax: this.#pace.rangeRows, excuse });
    this.#first(look);
    this.#rounds.add(look.rows);
    this.#after = look.upTo;
    if (look.upTo === null) this.#rounds.end(this.#pace.nowMs());
    await this.#pace.breathe(look.read);
  }

  async #lookAtAll(excuse: Excuse, take: (look: Look) => void): Promise<void> {
    this.#begin();
    const { rowsMax, breathe, nowMs } = this.#pace;
    this.#reading = null;
    try {
      const look = await this.#lookWhole({ rowsMax, breathe, excuse });
      take(look);
      this.#rounds.add(look.rows);
      const durationMs = this.#rounds.end(nowMs());
      this.#dueMs = nowMs() + Math.max(WHOLE_PAUSE_MS, WHOLE_PAUSE * durationMs);
    } catch (error) {
      if (error instanceof NotYetRead) this.#reading = error.message;
      else if (error instanceof TooManyRows) this.leftOut = error.message;
      else throw error;
    }
  }

  async #lookWhole(options: Parameters<typeof lookAtAll>[1]): Promise<Look> {
    const { totals } = this.compared;
    if (totals === null) return await lookAtAll(this.compared, options);
    const look = await lookAtTotals({ ...this.compared, totals }, options);
    this.#taken = look.taken;
    return look;
  }

  #begin(): void {
    this.suspects.roundBegins();
    this.#rounds.begin(this.#pace.nowMs());
  }

  #first(look: Look): void {
    this.suspects.first({ ...look, nowMs: this.#pace.nowMs() });
  }

  #again(keys: readonly Suspect[], look: Look): void {
    this.suspects.again(keys, { ...look, nowMs: this.#pace.nowMs() });
    // A look at all rows may find others, too.
    this.#first(look);
  }

  /** Begins from nothing. */
  forget(): void {
    this.suspects = new Suspects();
    this.#rounds.forget();
    this.compared.totals?.forget();
    this.#taken = [];
    this.#after = null;
    this.#dueMs = 0;
  }

  /** How far it is. */
  report(): SinkProof {
    const { faults, unjudged } = this.suspects;
    return {
      topology: this.topology,
      sink: this.sink,
      how: this.#whole ? "whole" : "ranges",
      ...this.#rounds.report(this.suspects),
      keys: faults.slice(0, KEYS_NAMED).map((fault) => this.#differingKey(fault)),
      taken: this.#taken,
      waits: this.#reading ?? (unjudged > 0 ? this.waits : null),
      paused: this.paused,
    };
  }

  #differingKey(fault: Suspect): DifferingKey {
    const told = this.compared.shown.told?.(fault);
    if (told !== undefined) return { ...differingKey(fault, { ...told, names: this.compared.shown.names }), ...told };
    const { columns, key: names } = this.compared.sink.plan.table;
    const texts = names.map((name, place) =>
      valueText(columns.find((column) => column.name === name)!.type, fault.key[place])
    );
    return differingKey(fault, {
      key: Object.fromEntries(names.map((name, place) => [name, texts[place]])),
      explain: keyText(texts),
      names: this.compared.shown.names,
    });
  }
}

/** A key column as people write it, and as `explain` reads it. */
function valueText(type: string, value: Canonical): string {
  if (value === null) return "null";
  const parsed = parseClickHouseType(type);
  if (parsed.name !== "DateTime" && parsed.name !== "DateTime64") return String(value);
  return timeText(Number(value) * 10 ** (6 - parsed.precision));
}
