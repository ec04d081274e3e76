import { assert, assertEquals, assertRejects } from "@std/assert";
import { readChangelog } from "../../../src/formats/changelog_fact.ts";
import { computeSuppress, type TableChanged } from "../../../src/oracle/suppress_oracle.ts";
import type { NewRecord } from "../../../src/ports/log.ts";
import { resultOf } from "../../../src/processor/stateful/result_of.ts";
import { keyText } from "../../../src/record/key.ts";
import type { Row } from "../../../src/record/row.ts";
import { encodeWire } from "../../../src/record/wire.ts";
import type { SuppressNode } from "../../../src/dsl/stream_nodes.ts";
import { type Choices, choicesOf } from "../../oracle/random.ts";
import { randomChanges, randomSuppression } from "../../processor/stateful/random_suppression.ts";
import { DisturbedWrites } from "./disturbed_writes.ts";
import { byKey, type Caused, type MemoryChangelog, Owner } from "./suppressed_owner.ts";

const SEEDS = Number(Deno.env.get("WEIR_SEEDS") ?? 600);

/** What only some crashes meet, so that it is known that they were met. */
interface Met {
  /** Starts at which some keys were ahead of the position. */
  ahead: number;
  /** Results that a former process had brought out, and a later one did not. */
  passed: number;
  /** Changes that were told early. */
  early: number;
  /** Times at which anything was deleted of what former owners have left. */
  cleaned: number;
}

/** One run through crashes, former owners that go on, and writes that arrive late. */
class Run {
  /** How changes wait, as each process has it declared. */
  readonly #declared: () => SuppressNode;
  readonly #changes: readonly TableChanged[];
  readonly #choices: Choices;
  /** Null if nobody knows. */
  readonly #wanted: readonly Caused[] | null;
  readonly #writes: DisturbedWrites<Owner>;
  /** Where the last start says that it has begun: no former owner goes beyond it. */
  #begun = 0;
  #readTo = 0;
  readonly #met: Met;
  readonly #copied: (copy: NewRecord) => boolean;

  constructor(
    declared: () => SuppressNode,
    { changes, choices, wanted, met, copied = () => true }: {
      readonly changes: readonly TableChanged[];
      readonly choices: Choices;
      readonly wanted: readonly Caused[] | null;
      readonly met: Met;
      /** What is copied before what former owners have left is deleted; absent: all that must be. */
      readonly copied?: (copy: NewRecord) => boolean;
    },
  ) {
    this.#declared = declared;
    this.#changes = changes;
    this.#choices = choices;
    this.#wanted = wanted;
    this.#met = met;
    this.#copied = copied;
    this.#writes = new DisturbedWrites(changes.length, choices);
  }

  /** Returns the changelog, all of it written. */
  async all(): Promise<MemoryChangelog> {
    const { length } = this.#changes;
    for (let owner = await this.#begin(), crashes = 6;;) {
      if (owner.position < length) this.#take(owner);
      const former = this.#writes.former.length === 0 ? undefined : this.#choices.of(this.#writes.former);
      if (former !== undefined && former.position < this.#begun && this.#choices.chance(0.7)) {
        this.#take(former);
        if (this.#choices.chance(0.2)) this.#writes.write(former, { cut: this.#choices.chance(0.3) });
      }
      if (this.#writes.late.length > 0 && this.#choices.chance(0.2)) this.#writes.arrive();
      if (this.#choices.chance(0.1)) this.#writes.changelog.compact(this.#choices);
      if (this.#choices.chance(0.1)) this.#clean(this.#choices.chance(0.2) ? former ?? owner : owner);
      const ends = owner.position === length;
      const crash = crashes > 0 && this.#choices.chance(0.1);
      const goesOn = crash && this.#choices.chance(0.5);
      if (goesOn) this.#writes.former.push(owner);
      else if (ends || crash || this.#choices.chance(0.15)) this.#writes.write(owner, { cut: crash });
      if (crash) {
        crashes--;
        owner = await this.#begin();
      } else if (ends) return this.#writes.changelog;
    }
  }

  async #begin(): Promise<Owner> {
    // Events are there that nobody has read.
    const end = Math.max(this.#begun, ...this.#writes.former.map(({ position }) => position), this.#readTo);
    this.#begun = end + this.#choices.int(Math.min(6, this.#changes.length - end) + 1);
    const owner = await Owner.begin(this.#declared(), { changelog: this.#writes.changelog, begun: this.#begun });
    const { elements } = owner.operator;
    if ([...elements.keys()].some((key) => elements.positionOf(key) > owner.position)) this.#met.ahead++;
    return owner;
  }

  /** It may end at any place, and what is deleted may be deleted late. */
  #clean(owner: Owner): void {
    const whole = owner.clean(this.#writes.changelog);
    if (whole === null || whole.tombstones.length === 0) return;
    const step = { ...whole, copies: whole.copies.filter(this.#copied) };
    this.#met.cleaned++;
    const copies = step.copies.slice(
      0,
      this.#choices.chance(0.8) ? undefined : this.#choices.int(step.copies.length + 1),
    );
    this.#writes.changelog.append(copies);
    if (copies.length < step.copies.length) return;
    const at = this.#choices.chance(0.7) ? 0 : this.#choices.int(step.tombstones.length + 1);
    this.#writes.changelog.append(step.tombstones.slice(at));
    if (at > 0) this.#writes.late.push([step.tombstones.slice(0, at)]);
  }

  #take(owner: Owner): void {
    const at = owner.position;
    this.#readTo = Math.max(this.#readTo, at + 1);
    const caused = owner.take(this.#changes[at]);
    if (this.#choices.chance(0.5)) owner.collect();
    if (this.#wanted === null) return;
    this.#met.passed += this.#writes.judge(at, { caused, wanted: this.#wanted[at] });
  }
}

/** The rows that readers see, as texts, in order. */
function shownIn({ records }: MemoryChangelog, node: SuppressNode): string[] {
  const result = resultOf(node);
  const newest = new Map<string, { readonly to: number; readonly row: Row | null }>();
  for (const record of records) {
    const read = readChangelog("changelog", record);
    const made = read.kind === "fact" ? result(read.fact) : null;
    if (read.kind !== "fact" || made === null) continue;
    const { to, key, start } = read.fact;
    const name = `${start} ${keyText(key)}`;
    if (to > (newest.get(name)?.to ?? -1)) newest.set(name, { to, row: made.row });
  }
  return [...newest.values()].flatMap(({ row }) => row === null ? [] : [encodeWire(row)]).sort();
}

/** Lives a life, and judges it. @throws Error that names the seed */
async function live(seed: number, { met, copied }: { met: Met; copied?: (copy: NewRecord) => boolean }): Promise<void> {
  const choices = choicesOf(seed);
  const { of, spec } = randomSuppression(choices);
  const node: SuppressNode = { op: "suppress", id: 1, name: "final", inputs: [0], of, spec };
  const changes = randomChanges(choices, of.window);
  const expected = computeSuppress(changes, node);
  if (expected.stopped) return;
  try {
    const wanted = expected.told.map(byKey);
    const run = new Run(() => node, { changes, choices, wanted, met, copied });
    const changelog = await run.all();
    assertEquals(shownIn(changelog, node), expected.shown.map((row) => encodeWire(row)).sort());
    const { operator: { elements } } = await Owner.begin(node, { changelog });
    const marks = [...elements.keys()].flatMap((key) => elements.of(key)).filter(({ seq }) => seq === 1);
    assertEquals(marks.length, expected.waiting, "as many wait");
  } catch (cause) {
    throw new Error(`seed ${seed} ${JSON.stringify(spec)}`, { cause });
  }
  if (spec.recordsMax !== null) met.early += expected.told.flat().length;
}

Deno.test("what is gone is copied before it is deleted, or it is there again", async () => {
  const met: Met = { ahead: 0, passed: 0, early: 0, cleaned: 0 };
  const isThere = ({ value }: NewRecord) => typeof (JSON.parse(String(value)) as unknown[])[2] === "number";
  await assertRejects(
    async () => {
      for (let seed = 1; seed <= 1_000; seed++) await live(seed, { met, copied: isThere });
    },
    Error,
    "seed ",
  );
});

Deno.test("suppress() tells everything once and shows the same, whatever crashes, goes on or comes late", async () => {
  const met: Met = { ahead: 0, passed: 0, early: 0, cleaned: 0 };
  for (let seed = 1; seed <= SEEDS; seed++) await live(seed, { met });
  assert(Object.values(met).every((times) => times > SEEDS / 4), JSON.stringify(met));
});

Deno.test("suppress() tells the last change of each row in the end, whatever is declared meanwhile", async () => {
  const met: Met = { ahead: 0, passed: 0, early: 0, cleaned: 0 };
  for (let seed = 1; seed <= SEEDS; seed++) {
    const choices = choicesOf(seed);
    const of = { sides: [{ groupBy: () => null, aggregates: {} }], window: null };
    const declared = (): SuppressNode => {
      const until = { kind: "limit", limitUs: choices.of([0, 1, 5, 20, 60]) } as const;
      const spec = { until, recordsMax: choices.of([null, 1, 2, 4]), bytesMax: null, whenFull: "emit" } as const;
      return { op: "suppress", id: 1, name: "final", inputs: [0], of, spec };
    };
    const changes = randomChanges(choices, null);
    try {
      const changelog = await new Run(declared, { changes, choices, wanted: null, met }).all();
      const owner = await Owner.begin(declared(), { changelog });
      owner.take({ group: null, start: 0, end: 0, row: null, timestampUs: 10_000 });
      for (const part of owner.seal(1_000).parts) changelog.append(part);
      const last = new Map(changes.map(({ group, row }) => [group!.group, row]));
      const rows = [...last.values()].filter((row) => row !== null);
      assertEquals(shownIn(changelog, declared()), rows.map((row) => encodeWire(row)).sort());
      const { operator: { elements } } = await Owner.begin(declared(), { changelog });
      const kept = [...elements.keys()].flatMap((key) => elements.of(key));
      assertEquals(kept, [], "nothing waits any more");
    } catch (cause) {
      throw new Error(`seed ${seed}`, { cause });
    }
  }
  assert(met.ahead > SEEDS / 4, JSON.stringify(met));
});
