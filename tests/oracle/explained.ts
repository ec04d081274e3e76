import { assert, assertEquals } from "@std/assert";
import { Decimal, type Topology } from "../../src/mod.ts";
import { computeSinks, type RefusedRow } from "../../src/oracle/oracle.ts";
import { compile } from "../../src/plan/compile.ts";
import { keyColumnsOf, outputsOf } from "../../src/plan/outputs_of.ts";
import type { PhysicalPlan, SinkPlan, TaskTable } from "../../src/plan/physical.ts";
import { divide } from "../../src/plan/units.ts";
import { rowEncoder } from "../../src/processor/sink_row.ts";
import { type Key, keyParts } from "../../src/record/key.ts";
import type { Row } from "../../src/record/row.ts";
import { wireEquals } from "../../src/record/wire.ts";
import type { Explanation, TopologyTestDriver } from "../../src/testing/mod.ts";
import { inUnit, stopIn } from "./stop_in.ts";
import { type Case, isRefused, topologyOf } from "./case.ts";

type Node = Topology["nodes"][number];

/** Rows of a page of a total: small, so that there are several. */
const PAGE = 3;

/** What the oracle knows of a topology as it stands. */
interface Known {
  readonly topology: Topology;
  readonly plan: PhysicalPlan;
  readonly unitOf: readonly number[];
  /** Rows by operator. */
  readonly tables: ReadonlyMap<number, ReadonlyMap<Key, Row>>;
  readonly refused: readonly RefusedRow[];
  readonly sinks: ReturnType<typeof computeSinks>;
  readonly life: Case;
}

/**
 * Asks a settled driver why every key of every sink is as it is: `shown` if and only if the oracle shows the row; every
 * operator on the way has the row that the oracle gives it; and what stopped a row is an operator that the oracle finds
 * to have its input, and not it. Returns how often each outcome was met.
 */
export async function explainAll(driver: TopologyTestDriver, life: Case): Promise<Map<string, number>> {
  const known = knownOf(driver, life);
  const outcomes = new Map<string, number>();
  for (const table of known.plan.tables) {
    for (const { kind, sink } of outputsOf(table)) {
      // What toStream() writes for itself is nothing that people ask about.
      if (sink.table.output?.changes) continue;
      for (const key of keysOf(known, sink)) {
        const columns = keyColumnsOf(sink);
        const asked = Object.fromEntries(
          keyParts(key).map((part, place) => [columns[place], String(JSON.parse(part))]),
        );
        const explained = await driver.explain(sink.name, asked, { limit: PAGE });
        const what = `${sink.name} ${key}: ${JSON.stringify(explained, plainly)}`;
        if (kind === "rows") judgeRow(known, { table, sink, key, explained, what });
        else await judgeTotal(driver, { known, sink, key, asked, explained, what });
        outcomes.set(explained.outcome, (outcomes.get(explained.outcome) ?? 0) + 1);
      }
    }
  }
  return outcomes;
}

function plainly(_name: string, value: unknown): unknown {
  return typeof value === "bigint" ? String(value) : value;
}

function knownOf(driver: TopologyTestDriver, life: Case): Known {
  const topology = topologyOf(life);
  const sources = new Map(
    topology.nodes.flatMap((node) => node.op === "source" ? [[node.source.topic, node.source]] : []),
  );
  const partitionsOf = (topic: string) => {
    // Of a topic of changes it decides nothing.
    const source = sources.get(topic);
    return source === undefined ? undefined : life.partitions[source.name] ?? 3;
  };
  const { unitOf, lookedUp } = divide(topology, partitionsOf);
  const tables = new Map<number, ReadonlyMap<Key, Row>>();
  const refused: RefusedRow[] = [];
  const sinks = computeSinks(topology, (topic) => driver.rows({ spec: sources.get(topic)! }), {
    lookedUp,
    nowUs: driver.nowMs * 1_000,
    onRefused: (row) => refused.push(row),
    onTable: (node, rows) => tables.set(node.id, new Map(rows)),
  });
  return { topology, plan: compile(topology, partitionsOf), unitOf, tables, refused, sinks, life };
}

/** Canonical key texts: all that any table of the sink's unit has, or has refused, and one that nobody has. */
function keysOf({ topology, tables, unitOf, refused }: Known, { name, table }: SinkPlan): string[] {
  const node = topology.nodes.find((one) => one.op === "sink" && one.name === name)!;
  const input = (node as Extract<Node, { op: "sink" }>).input;
  const unit = unitOf[input];
  const ids = topology.nodes.flatMap(({ id }) => id === input || (unit >= 0 && unitOf[id] === unit) ? [id] : []);
  const keys = ids.flatMap((id) => [...tables.get(id)?.keys() ?? []].map(String));
  const operators = ids.map((id) => topology.nodes[id].name);
  const others = refused.flatMap(({ operator, key }) => operators.includes(operator) ? [String(key)] : []);
  const nobodys = table.key.map((column) => column === "tag" ? '"nobody"' : "999").join(",");
  return [...new Set([...keys, ...others, nobodys])].filter((key) => keyParts(key).length === table.key.length);
}

interface Judged {
  readonly table: TaskTable;
  readonly sink: SinkPlan;
  readonly key: string;
  readonly explained: Explanation;
  readonly what: string;
}

function judgeRow(known: Known, { table, sink, key, explained, what }: Judged): void {
  const canonical = canonicalKey(key);
  const node = sinkNode(known, sink.name);
  const row = known.tables.get(node.input)!.get(canonical);
  const isShown = row !== undefined && fits(sink.table.columns, row) &&
    !(known.life.refusals && isRefused(sink.name, row));
  assertEquals(explained.outcome === "shown", isShown, what);
  judgeSteps(known, { table, canonical, explained, what });
  judgeContributions(known, { table, explained, what });
  if (isShown) {
    assert(explained.shown!.digestsEqual, what);
    const notes = explained.notes.filter((note) => !note.includes("make up its total"));
    assertEquals([explained.operator, notes], [null, []], what);
    assertEquals(explained.shown!.row[sink.table.key[0]] !== undefined, true, what);
    return;
  }
  assertEquals(explained.shown, null, what);
  if (row !== undefined) {
    assertEquals([explained.outcome, explained.operator], ["dead letter", `sink ${sink.name}`], what);
    assert(explained.deadLetters.some(({ operator }) => operator === `sink ${sink.name}`), what);
    return;
  }
  judgeStop(known, { table, sink, key, explained, what });
}

/** The operator at which a row stopped has its input, and does not have the row. */
function judgeStop(known: Known, { table, sink, key, explained, what }: Judged): void {
  const canonical = canonicalKey(key);
  const stop = explained.steps.findLast(({ operator, row, outcome }) =>
    operator === explained.operator && row === null && outcome !== "not reached"
  );
  const { outcome, operator } = explained;
  if (outcome === "unknown" && stop === undefined) {
    const roots = rootsOf(known, table);
    assert(roots.every((root) => !known.tables.get(root.id)!.has(canonical)), what);
    return;
  }
  if (outcome === "not unique" || (outcome === "dead letter" && stop === undefined)) {
    assert(known.refused.some((one) => one.operator === operator && one.key === canonical), what);
    return;
  }
  const node = nodeOf(known, { table, index: stop!.index })!;
  const has = (id: number) => known.tables.get(id)!.has(canonical);
  assertEquals(node.name, stopIn(known, { id: sinkNode(known, sink.name).input, key: canonical })?.name, what);
  const inputs = "input" in node ? [node.input] : [];
  switch (outcome) {
    case "filtered":
      return assert(/^filter(Not)?$/.test(node.op) && has(inputs[0]), what);
    case "expired":
      return assert(node.op === "expireAfter" && has(inputs[0]), what);
    case "no partner":
    case "null key":
      assert((node.op === "foreignKeyJoin" || node.op === "keyJoin") && node.kind === "inner" && has(inputs[0]), what);
      if (node.op === "foreignKeyJoin") {
        const nothing = stop!.lookup === undefined;
        assertEquals(outcome === "null key", nothing, what);
      }
      return;
    case "dead letter":
      assert(explained.deadLetters.some((letter) => letter.operator === operator), what);
      return assert(known.refused.some((one) => one.operator === operator && one.key === canonical), what);
    case "unknown":
      return assert(inUnit(known, node).length === 0, what);
    default:
      throw new Error(`outcome at rest: ${what}`);
  }
}

/** Every operator that is told has the row that the oracle has for it. */
function judgeSteps(
  known: Known,
  { table, canonical, explained, what }: Pick<Judged, "table" | "explained" | "what"> & { readonly canonical: Key },
): void {
  for (const { index, row, lookup } of explained.steps) {
    const node = nodeOf(known, { table, index });
    if (node === null) continue;
    const expected = known.tables.get(node.id)!.get(canonical) ?? null;
    assert(wireEquals(row, expected), `step ${index} gives ${JSON.stringify(expected, plainly)}: ${what}`);
    if (lookup === undefined) continue;
    const right = (node as Extract<Node, { op: "foreignKeyJoin" | "keyJoin" }>).right;
    const held = [...known.tables.get(right)!.values()].filter((one) => wireEquals(one, lookup.row));
    assertEquals(lookup.outcome === "matched", held.length > 0, `lookup of step ${index}: ${what}`);
  }
}

/** Groups that a row adds to are those of the callback. */
function judgeContributions(
  known: Known,
  { table, explained, what }: Pick<Judged, "table" | "explained" | "what">,
): void {
  for (const { aggregate, group } of explained.totals) {
    const node = known.topology.nodes.find(({ name, op }) => name === aggregate && op !== "sink")!;
    if (node.op !== "aggregate") continue;
    const step = table.groups.find(({ name }) => name === aggregate)!.step;
    const input = explained.steps.find(({ index }) => index === step);
    if (input === undefined) continue;
    assert(wireEquals(node.groupBy(input.row, null), group), `adds to ${aggregate}: ${what}`);
  }
}

/** A total, and that the rows of all its pages make it up. */
async function judgeTotal(driver: TopologyTestDriver, { known, sink, key, asked, explained, what }: {
  readonly known: Known;
  readonly sink: SinkPlan;
  readonly key: string;
  readonly asked: Row;
  readonly explained: Explanation;
  readonly what: string;
}): Promise<void> {
  const { rows } = known.sinks.get(sink.name)!;
  const row = rows.get(key);
  const columns = Object.entries(known.sinks.get(sink.name)!.spec.columns).map(([column, type]) => ({
    name: column,
    type,
  }));
  if (row === undefined || !fits(columns, row)) {
    assertEquals(explained.outcome, row === undefined ? "unknown" : "set aside", what);
    assertEquals(explained.shown, null, what);
    return;
  }
  assertEquals(explained.outcome, "shown", what);
  assert(explained.shown!.digestsEqual, what);
  const found = [...explained.contributors!.rows];
  for (let next = explained.contributors!.next; next !== null;) {
    const page = (await driver.explain(sink.name, asked, { limit: PAGE, after: next })).contributors!;
    assert(page.rows.length > 0 && page.rows.length <= PAGE, what);
    found.push(...page.rows);
    next = page.next;
  }
  assertEquals(found.length, explained.contributors!.total, what);
  const node = sinkNode(known, sink.name);
  const { aggregates } = known.topology.nodes[node.input] as Extract<Node, { op: "aggregate" }>;
  for (const [name, spec] of Object.entries(aggregates)) {
    if (spec.kind === "count") assertEquals(row[name], found.length, `${name}: ${what}`);
    if (spec.kind !== "sum") continue;
    const sum = found.reduce((total, { adds }) => total.plus(decimal(adds[name])), Decimal.of(0));
    assert(sum.equals(decimal(row[name])), `${name} is ${sum}: ${what}`);
  }
}

function decimal(value: unknown): Decimal {
  if (value instanceof Decimal) return value;
  return Decimal.of(value === null ? 0 : value as number | bigint);
}

function sinkNode({ topology }: Known, name: string): Extract<Node, { op: "sink" }> {
  return topology.nodes.find((node) => node.op === "sink" && node.name === name) as Extract<Node, { op: "sink" }>;
}

/** The operator of a step: of those of its name, the one that is as many places behind the first. */
function nodeOf(known: Known, { table, index }: { readonly table: TaskTable; readonly index: number }): Node | null {
  const { name, kind } = table.steps[index];
  const before = table.steps.slice(0, index).filter((step) => step.name === name && step.kind === kind).length;
  const unit = unitOfTable(known, table);
  const nodes = known.topology.nodes.filter((node) =>
    node.name === name && node.op !== "sink" && known.unitOf[node.id] === unit
  );
  return nodes[kind === "member" ? 0 : before] ?? null;
}

function rootsOf(known: Known, table: TaskTable): Node[] {
  const unit = unitOfTable(known, table);
  return known.topology.nodes.filter((node) =>
    known.unitOf[node.id] === unit && table.members.some(({ name }) => name === node.name) && node.op !== "sink"
  );
}

function unitOfTable({ topology, unitOf }: Known, table: TaskTable): number {
  const [{ name }] = table.members;
  const node = topology.nodes.find((one) =>
    one.name === name && (one.op === "source" ? !one.global : one.op !== "sink") && unitOf[one.id] >= 0
  )!;
  return unitOf[node.id];
}

function fits(columns: Parameters<typeof rowEncoder>[0], row: Row): boolean {
  try {
    rowEncoder(columns)(row);
    return true;
  } catch {
    return false;
  }
}

function canonicalKey(text: string): Key {
  return /^-?\d+$/.test(text) ? Number(text) : text;
}
