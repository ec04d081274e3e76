import type { SuppressNode } from "../../../src/dsl/stream_nodes.ts";
import type { TableChanged } from "../../../src/oracle/suppress_oracle.ts";
import type { StagePlan } from "../../../src/plan/physical.ts";
import { ownerName, type OwnerPlace } from "../../../src/formats/changelog_fact.ts";
import type { Log, LogRecord, NewRecord } from "../../../src/ports/log.ts";
import { Suppress } from "../../../src/processor/stateful/suppress.ts";
import { keyOfColumns } from "../../../src/record/key.ts";
import type { Row } from "../../../src/record/row.ts";
import { encodeWire } from "../../../src/record/wire.ts";
import { loadStage } from "../../../src/runtime/streams/stage_changelog.ts";
import { BatchFacts } from "../../../src/runtime/streams/stage_facts.ts";
import { type CleaningStep, StageRemains } from "../../../src/runtime/streams/stage_remains.ts";
import type { Choices } from "../../oracle/random.ts";

const bytes = (text: string | Uint8Array | null) => typeof text === "string" ? new TextEncoder().encode(text) : text;

/** One partition of a changelog in memory, which is compacted now and then. */
export class MemoryChangelog {
  records: LogRecord[] = [];
  #end = 0;

  append(records: readonly NewRecord[]): void {
    for (const { key, value } of records) {
      this.records.push({ key: bytes(key), value: bytes(value), offset: this.#end++, timestampMs: 0 } as LogRecord);
    }
  }

  compact(choices: Choices): void {
    const last = new Map(this.records.map(({ key, offset }) => [String(key), offset]));
    const kept = new Set(last.values());
    this.records = this.records.filter(({ offset, value }) =>
      kept.has(offset) && (value !== null || choices.chance(0.5))
    );
  }

  get log(): Pick<Log, "reader" | "offsets"> {
    const part = () => ({
      ...{ topic: "changelog", partition: 0, fromOffset: 0 },
      records: this.records,
      nextOffset: this.#end,
      endOffset: this.#end,
    });
    return {
      offsets: () => Promise.resolve({ start: [0], end: [this.#end] }),
      reader: () => ({
        ...{ seek: () => {}, stop: () => {} },
        poll: () => Promise.resolve([part()]),
        close: () => Promise.resolve(),
      } as unknown as ReturnType<Log["reader"]>),
    };
  }
}

/** By key: what an event causes. */
export type Caused = ReadonlyMap<string, readonly string[]>;

export function byKey(results: readonly { readonly key: Row | null }[]): Caused {
  return new Map(
    [...Map.groupBy(results, ({ key }) => JSON.stringify([key!.group, key!.window_start ?? 0]))]
      .map(([key, all]) => [key, all.map((result) => encodeWire(result))]),
  );
}

function planOf(node: SuppressNode): StagePlan {
  return {
    ...{ index: 0, name: "stage.final", node, repartition: "repartition", changelog: "changelog" },
    ...{ nodes: [], lookups: [], sinks: [], outputs: [], shuffles: [] },
  };
}

/** A process that has the stage's task, or believes so. */
export class Owner {
  static #names = 0;
  readonly operator: Suppress;
  /** Behind all that was there when it began. */
  readonly begun: number;
  readonly #plan: StagePlan;
  readonly #place: OwnerPlace;
  readonly #name: string;
  readonly #print: string;
  /** What was read back has events up to there; 0 when all of them came by. */
  #loadedTo: number;
  #facts = new BatchFacts();
  #from: number;
  position: number;
  readonly #forwarded: { readonly key: Row | null }[] = [];
  /** What was made of the events of the open batch. */
  #made: { readonly at: number; readonly caused: Caused }[] = [];

  private constructor(
    node: SuppressNode,
    { loaded, begun }: { loaded: NonNullable<Awaited<ReturnType<typeof loadStage>>>; begun: number },
  ) {
    this.begun = begun;
    // Its record would stand there, and its facts be behind that.
    this.#place = { begun: begun - 1, number: Owner.#names++ };
    this.#name = ownerName(this.#place, 0.5);
    this.#plan = planOf(node);
    this.operator = new Suppress(node, {
      forward: ({ key, ...rest }) => void this.#forwarded.push({ key: key as Row | null, ...rest }),
    });
    this.#print = loaded.print;
    this.#loadedTo = loaded.found.to;
    this.position = this.#from = loaded.head?.to ?? 0;
  }

  /** `begun`: where all events end that are there. */
  static async begin(
    node: SuppressNode,
    { changelog: { log }, begun = Infinity }: { changelog: Pick<MemoryChangelog, "log">; begun?: number },
  ): Promise<Owner> {
    const loaded = (await loadStage(planOf(node), { partition: 0, log, stopped: () => false }))!;
    const owner = new Owner(node, { loaded, begun });
    await loaded.found.into(owner.operator, () => Promise.resolve());
    return owner;
  }

  /** What it would write to delete what former owners have left; null: nothing yet. */
  clean({ records }: MemoryChangelog): CleaningStep | null {
    const remains = new StageRemains(this.#plan, this.#place);
    for (const record of records) remains.take(record);
    return remains.mayGo ? remains.portion(ownerName({ ...this.#place, number: Owner.#names++ }, 0.7)) : null;
  }

  /** Takes the event at its position; returns what it causes. */
  take({ group, start, end, row, timestampUs }: TableChanged): Caused {
    const { elements } = this.operator;
    if (this.#loadedTo > 0 && this.position >= this.#loadedTo) {
      elements.forgetPositions();
      this.operator.caughtUp();
      this.#loadedTo = 0;
    }
    const event = group === null
      ? { key: "", columns: {}, value: null, timestampUs }
      : { key: keyOfColumns(group), columns: group, value: [start, end, row], timestampUs };
    if (group === null || this.position < elements.positionOf(event.key)) this.operator.pass(0, event);
    else this.operator.take(0, event);
    const caused = byKey(this.#forwarded.splice(0));
    this.#made.push({ at: this.position++, caused });
    return caused;
  }

  /** A part of the batch was taken. */
  collect(): void {
    const saved = JSON.parse(JSON.stringify(this.operator.save()));
    this.#facts.collect(this.operator, {
      from: this.#from,
      to: this.position,
      origins: {},
      saved,
      print: this.#print,
      order: null,
    });
  }

  /** Ends the batch: what is brought out, and then written. */
  seal(chars: number): { readonly made: { readonly at: number; readonly caused: Caused }[]; parts: NewRecord[][] } {
    this.collect();
    const parts = this.#facts.parts({ owner: this.#name, chars });
    const made = this.#made;
    [this.#facts, this.#from, this.#made] = [new BatchFacts(), this.position, []];
    return { made, parts };
  }
}
