import { assert, assertEquals } from "@std/assert";
import type { LookupPlan, Step } from "../../src/plan/physical.ts";
import { compiledProgram } from "../../src/processor/compiled_program.ts";
import { OutcomePatterns, Outcomes } from "../../src/processor/outcomes.ts";
import { plainProgram, type ProgramMaker } from "../../src/processor/program.ts";
import { Decimal } from "../../src/record/decimal.ts";
import type { ProcessorError } from "../../src/record/errors.ts";
import { keyText } from "../../src/record/key.ts";
import { type KeyColumn, plainKeyColumn } from "../../src/record/key_column.ts";
import { type Row, UNKNOWN, type Value } from "../../src/record/row.ts";
import { Entries } from "../../src/state/entries.ts";
import { AskedRights, GlobalRights, type RightStore } from "../../src/state/right_store.ts";
import { NO_SLOT, type Slot } from "../../src/state/slots.ts";
import { type Choices, choicesOf } from "../oracle/random.ts";
import { eachSeed } from "../state/each_seed.ts";
import { rowOf } from "../state/random_values.ts";

const ROUNDS = 60;
/** Columns of rows, and of joins: a join may take the name of a column that is there. */
const NAMES = ["id", "ref", "text", "__proto__", 'say "hi"', "1", "constructor", "a-b"];
const VALUES = [0, -0, 1, 2, 3, 2 ** 40, 5n, 1.5, null, undefined, "1", "x", true, Decimal.parse("1.50"), NaN, [1]];
/** Keys of entries and of right rows, as foreign keys name them. */
const KEYS = [0, 1, 2, 3, "1", "x", null, 2 ** 40, 2n ** 60n, Decimal.parse("2.00"), -0, false];

/** A value as text that tells apart whatever a callback could. */
function shown(value: unknown): string {
  if (value === UNKNOWN) return "UNKNOWN";
  if (value instanceof Decimal) return `Decimal ${value}`;
  if (Array.isArray(value)) return `[${value.map(shown)}]`;
  if (value instanceof Odd) return `Odd ${shown({ ...value })}`;
  if (typeof value === "object" && value !== null) {
    assertEquals(Object.getPrototypeOf(value), Object.prototype);
    return `{${Object.entries(value).map(([name, held]) => `${JSON.stringify(name)}: ${shown(held)}`)}}`;
  }
  return Object.is(value, -0) ? "-0" : typeof value === "bigint" ? `${value}n` : JSON.stringify(value) ?? String(value);
}

/** Rows of a class are kept as objects. */
class Odd {
  readonly id = 1;
  readonly ref = 2;
}

/** A number that is a function of the text. */
function hashOf(text: string): number {
  let hash = 7;
  for (let at = 0; at < text.length; at++) hash = (Math.imul(hash, 31) + text.charCodeAt(at)) | 0;
  return hash >>> 0;
}

/** What callbacks do: functions of row and key, each telling what it was given. */
function callbacks(seed: number, calls: string[]) {
  const call = (name: string, { row, key }: { readonly row: unknown; readonly key: unknown }): number => {
    const text = `${name} ${shown(row)} ${shown(key)}`;
    calls.push(text);
    return hashOf(`${seed} ${text}`);
  };
  const failing = (hash: number) => {
    if (hash % 11 === 0) throw new RangeError(`fails for ${hash}`);
  };
  return {
    predicate: (name: string) => (row: Row, key: unknown) => {
      const hash = call(name, { row, key });
      failing(hash);
      return hash % 4 > 0;
    },
    mapper: (name: string) => (row: Row, key: unknown): Row => {
      const hash = call(name, { row, key });
      failing(hash);
      const made = [row, { key, ref: KEYS[hash % KEYS.length] }, { ...row, text: "mapped" }, null, "no row"];
      return made[hash % 13 < 10 ? hash % 3 : hash % 5] as Row;
    },
    time: (name: string) => (row: Row, key: unknown) => {
      const hash = call(name, { row, key });
      failing(hash);
      return [null, 1, 5n, hash % 9, "no time", row.id][hash % 6];
    },
    foreignKey: (name: string) => (row: Row, key: unknown) => {
      const hash = call(name, { row, key });
      failing(hash);
      if (hash % 7 === 0) return undefined;
      if (hash % 7 === 1) return { id: KEYS[hash % KEYS.length] };
      return hash % 7 === 2 ? row.ref : KEYS[hash % KEYS.length];
    },
  };
}

function randomSteps(
  choices: Choices,
  { members, make }: { members: number; make: ReturnType<typeof callbacks> },
): Step[] {
  const steps: Step[] = Array.from(
    { length: members },
    (_, member) => ({ kind: "member", name: `m${member}`, member }),
  );
  let lookup = 0;
  for (let count = 1 + choices.int(7); count > 0; count--) {
    const name = `step ${steps.length}`;
    // Mostly the newest, so that there are chains.
    const input = choices.chance(0.6) ? steps.length - 1 : choices.int(steps.length);
    const column = choices.of(NAMES);
    const kind = choices.of(["filter", "map", "expire", "lookup", "lookup", "lookup", "pair", "union"] as const);
    if (kind === "filter") steps.push({ kind, name, input, predicate: make.predicate(name) });
    else if (kind === "map") steps.push({ kind, name, input, mapper: make.mapper(name) });
    else if (kind === "expire") {
      const time = choices.chance(0.5) ? column : make.time(name);
      steps.push({ kind, name, input, time, durationUs: choices.int(3) });
    } else if (kind === "lookup") {
      const foreignKey = choices.chance(0.8) ? make.foreignKey(name) : null;
      steps.push({ kind, name, input, column, inner: choices.chance(0.5), lookup: lookup++, foreignKey });
    } else if (kind === "union") steps.push({ kind, name, left: input, right: choices.int(steps.length) });
    else {
      const mode = choices.of(["inner", "left", "outer"] as const);
      const leftColumn = mode === "outer" ? choices.of(NAMES) : null;
      steps.push({ kind, name, mode, left: input, right: choices.int(steps.length), column, leftColumn });
    }
  }
  return steps;
}

const ROW_NAMES = ["id", "ref", "text", "__proto__", "1"];

/** Mostly of one shape. */
function randomRow(choices: Choices): Row | null {
  if (choices.chance(0.15)) return null;
  if (choices.chance(0.05)) return new Odd() as unknown as Row;
  const names = choices.chance(0.7)
    ? ROW_NAMES
    : [...ROW_NAMES].sort(() => choices.int(3) - 1).slice(choices.int(ROW_NAMES.length));
  return rowOf(names, () => choices.of(VALUES));
}

/** A program with the state that it runs on. */
function worldOf(
  make: ProgramMaker,
  options: {
    seed: number;
    members: number;
    keyColumns: readonly KeyColumn[];
    rightColumns: LookupPlan["keyColumns"];
    outputs: ReadonlySet<number>;
    global: readonly boolean[];
  },
) {
  const { seed, members, keyColumns, rightColumns, outputs, global } = options;
  const calls: string[] = [];
  const errors: ProcessorError[] = [];
  const steps = randomSteps(choicesOf(seed), { members, make: callbacks(seed, calls) });
  const entries = new Entries(members);
  const lookups: LookupPlan[] = [];
  const stores: RightStore[] = [];
  /** What is known of right rows: a function of their key until they are answered. */
  const known = (key: unknown): Value => {
    const hash = hashOf(`${seed} right ${String(key)}`);
    const values: Value[] = [null, { id: hash % 3, text: "right" }, { id: 1, ref: null }, UNKNOWN];
    return values[hash % values.length];
  };
  for (const step of steps) {
    if (step.kind !== "lookup") continue;
    const isGlobal = global[lookups.length % global.length];
    lookups.push({ name: step.name, global: isGlobal, table: 0, step: 0, keyColumns: rightColumns });
    if (!isGlobal) stores.push(new AskedRights(entries.keys, { ask: known, hurry() {}, leave() {} }));
    else {
      const slots: Value[] = [];
      const find = (key: unknown) => {
        const value = known(key);
        return value === UNKNOWN || value === null ? NO_SLOT : slots.push(value) - 1;
      };
      const read = (slot: Slot) => ({ ...slots[slot] as Row });
      stores.push(new GlobalRights(entries.keys, { find, read, digest: () => null }));
    }
  }
  const onError = (error: ProcessorError) => errors.push(error);
  const ages = { keeps: (dueUs: number) => calls.push(`due ${dueUs}`) > 0 && dueUs > 4 };
  const outcomes = new Outcomes(new OutcomePatterns(steps.length), entries.keys);
  const program = make({ steps, lookups, stores, entries, keyColumns, outputs, ages, outcomes, onError });
  return {
    entries,
    stores,
    /** Runs the entry, and tells all that can be seen of it. */
    seen(entry: Slot): unknown {
      const registers = program.run(entry);
      return {
        registers: [...outputs].map((index) => shown(registers[index])),
        outcomes: [...outcomes.words],
        links: stores.map(({ keys, links }) =>
          links.of(entry) === NO_SLOT ? null : keyText(keys.keyOf(links.of(entry)))
        ),
        calls: calls.splice(0),
        errors: errors.splice(0).map(({ operator, key, row, cause }) => [operator, key, shown(row), String(cause)]),
      };
    },
  };
}

Deno.test("compiledProgram() does what plainProgram() does, on random programs, rows, keys and failures", () => {
  let compared = 0;
  eachSeed(200, (seed) => {
    const choices = choicesOf(seed + 1e6);
    const members = choices.of([1, 1, 2, 3]);
    const steps = randomSteps(choicesOf(seed), { members, make: callbacks(seed, []) }).length;
    const wanted = Array.from({ length: steps }, (_, index) => index).filter((index) =>
      index === steps - 1 || choices.chance(0.4)
    );
    const options = {
      seed,
      members,
      keyColumns: choices.of([[plainKeyColumn("id")], [plainKeyColumn("a"), plainKeyColumn("b")]]),
      rightColumns: choices.of([null, [plainKeyColumn("id")], [{ ...plainKeyColumn("id"), text: "lower" as const }]]),
      outputs: new Set(wanted),
      global: [choices.chance(0.3), choices.chance(0.3)],
    };
    const worlds = [
      plainProgram,
      (of: Parameters<ProgramMaker>[0]) => compiledProgram(of, { afterRows: choices.int(3) }),
    ]
      .map((make) => worldOf(make, options));
    const keys = options.keyColumns.length === 1 ? [1, 2, '"x"'] : ["1,2", 'null,"x"'];
    const slots = worlds.map(({ entries }) => keys.map((key) => entries.keys.add(key)));
    for (let round = 0; round < ROUNDS; round++) {
      const place = choices.int(keys.length);
      const rows = Array.from({ length: members }, () => choices.chance(0.5) ? randomRow(choices) : undefined);
      const answer = choices.chance(0.3) ? { at: choices.int(9), row: randomRow(choices) } : null;
      const [expected, found] = worlds.map(({ entries, stores, seen }, world) => {
        const entry = slots[world][place];
        rows.forEach((row, member) => row === undefined || entries.members[member].write(entry, row));
        const asked = stores.filter((store) => store instanceof AskedRights && store.keys.size > 0) as AskedRights[];
        if (answer !== null && asked.length > 0) {
          const store = asked[answer.at % asked.length];
          const used = [...store.keys.used()];
          store.answer(used[answer.at % used.length], answer.row);
        }
        return seen(entry);
      });
      assertEquals(found, expected, `round ${round}`);
      compared++;
    }
  });
  assert(compared === 200 * ROUNDS);
});
