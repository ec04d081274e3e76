import { assertEquals } from "@std/assert";
import { EventSource, Source, type Topology } from "../../../src/mod.ts";
import { createTopologyTestDriver, type TopologyTestDriver } from "../../../src/testing/mod.ts";

type Json = Readonly<Record<string, unknown>>;
type AnySource = Source<Json, Json>;

/** What a page declares, by name. */
export type Declared = Readonly<Record<string, unknown>>;

interface Line {
  readonly sign: string;
  readonly name: string;
  readonly rest: string;
}

/**
 * Runs a topology on the lines of a block `rows`, and compares with what they say:
 *
 * - `+ orders {...}` inserts a row, or changes the columns given of the row of its key; `- orders {...}` deletes one.
 * - `> clicks 10:00:05 7 {...}` is an event; its time and its key (a text, number or object) may be absent.
 * - `later {"days": 30}` lets time pass.
 * - `= sink {...}`, once for each row, is all that the sink shows then, in any order; `= sink` that it shows nothing.
 * - `! text` is a dead letter whose reason or error has the text; without such lines there must be none.
 */
export async function runRows(
  topology: Topology,
  { declared, rows: text }: { readonly declared: Declared; readonly rows: string },
): Promise<void> {
  await using driver = createTopologyTestDriver(topology);
  const lines = text.split("\n").filter((line) => line.trim() !== "").map(readLine);
  const seen = new Map<string, Json>();
  for (let at = 0; at < lines.length; at++) {
    const { sign, name, rest } = lines[at];
    if (sign === "later") await driver.advanceWallClockTime(JSON.parse(rest));
    else if (sign === ">") send(driver, { source: declared[name], rest });
    else if (sign === "+" || sign === "-") change(driver, { source: declared[name], rest, seen, sign });
    else if (sign === "=") {
      const same = lines.slice(at).findIndex((line) => line.sign !== "=" || line.name !== name);
      const count = same < 0 ? lines.length - at : same;
      const rows = lines.slice(at, at + count).filter((line) => line.rest !== "").map((line) => JSON.parse(line.rest));
      await driver.settle();
      assertEquals(await shown(driver, declared[name]), sorted(rows), name);
      at += count - 1;
    }
  }
  await driver.settle();
  const letters = driver.deadLetters().filter(({ resolvedMs }) => resolvedMs === null);
  const wanted = lines.filter(({ sign }) => sign === "!").map(({ rest }) => rest);
  const missing = wanted.filter((one) => !letters.some((letter) => JSON.stringify(letter).includes(one)));
  assertEquals(missing, [], JSON.stringify(letters));
  if (wanted.length === 0) assertEquals(letters.map(({ reason, error }) => `${reason}: ${error}`), []);
  await restarts(driver, tablesOf(topology, declared));
}

/** The ClickHouse tables that the topology writes to. */
function tablesOf({ nodes, streams }: Topology, declared: Declared): unknown[] {
  const written = [...nodes.flatMap((node) => node.op === "sink" ? [node.sink] : [])]
    .concat(streams.flatMap((node) => node.op === "append" ? [node.sink as never] : []));
  return Object.values(declared).filter((one) => isObject(one) && written.includes(one.spec as never));
}

/** A start more shows what was shown. */
async function restarts(driver: TopologyTestDriver, sinks: readonly unknown[]): Promise<void> {
  const before = await Promise.all(sinks.map((sink) => shown(driver, sink)));
  await driver.restart();
  assertEquals(await Promise.all(sinks.map((sink) => shown(driver, sink))), before, "after a restart");
  assertEquals(driver.problems(), []);
}

function readLine(line: string): Line {
  const later = /^later (.*)$/.exec(line);
  if (later !== null) return { sign: "later", name: "", rest: later[1] };
  if (line.startsWith("! ")) return { sign: "!", name: "", rest: line.slice(2) };
  const [matched, sign, name, rest = ""] = /^([-+>=]) (\w+)(?: +(.*))?$/.exec(line) ?? [];
  if (matched === undefined) throw new TypeError(`Cannot read "${line}" as a line of rows`);
  return { sign, name, rest };
}

function send(driver: TopologyTestDriver, { source, rest }: { source: unknown; rest: string }): void {
  if (!(source instanceof EventSource)) throw new TypeError("An event needs a source that events() has declared");
  const [, time, key, value] = /^(?:(\d\d:\d\d:\d\d) )?(?:(\d+|"[^"]*"|\{[^}]*\}) (?=\S))?(.*)$/.exec(rest)!;
  driver.send(source, {
    value: JSON.parse(value),
    ...key === undefined ? {} : { key: JSON.parse(key) },
    ...time === undefined ? {} : { timestampMs: Date.parse(`2026-01-01T${time}Z`) },
  });
}

function change(
  driver: TopologyTestDriver,
  { source, rest, seen, sign }: { source: unknown; rest: string; seen: Map<string, Json>; sign: string },
): void {
  if (!(source instanceof Source)) throw new TypeError("A row needs a source that debezium() has declared");
  const any = source as AnySource;
  const wire = JSON.parse(rest) as Json;
  const { key, row, topic } = any.spec;
  const picked = row.pick(Object.fromEntries(Object.keys(wire).map((name) => [name, true]))).parse(wire) as Json;
  const id = `${topic} ${JSON.stringify(key.map((name) => wire[name]))}`;
  if (sign === "-") {
    seen.delete(id);
    driver.delete(any, picked as never);
  } else if (seen.has(id)) driver.update(any, picked);
  else {
    seen.set(id, wire);
    driver.insert(any, picked);
  }
}

/** The rows of a sink as a page writes them, ordered by their text. */
async function shown(driver: TopologyTestDriver, sink: unknown): Promise<Json[]> {
  if (!isObject(sink) || !isObject(sink.spec)) throw new TypeError("= needs the name of a sink");
  const { spec } = sink;
  if ("topic" in spec) {
    return sorted((await driver.output(sink as never)).map(({ key, value }) => ({ key, value })));
  }
  const rows = "orderBy" in spec ? driver.appended(sink as never) : driver.select(sink as never);
  const columns = spec.columns as Readonly<Record<string, string>>;
  return sorted(
    rows.map((row) =>
      Object.fromEntries(Object.entries(row).map(([name, value]) => [name, asWritten(columns[name], value)]))
    ),
  );
}

/** Times as texts, as ClickHouse shows them. */
function asWritten(type: string, value: unknown): unknown {
  if (!/^(?:Nullable\()?DateTime/.test(type) || typeof value !== "number") return value;
  const micros = String(value % 1_000_000).padStart(6, "0");
  return `${new Date(value / 1_000).toISOString().slice(0, 19)}.${micros}`.replace("T", " ").replace(".000000", "");
}

function sorted(rows: readonly unknown[]): Json[] {
  const plain = rows.map((row) => JSON.parse(JSON.stringify(row)) as Json);
  const ordered = (row: Json) => JSON.stringify(Object.entries(row).sort(([a], [b]) => a < b ? -1 : 1));
  return plain.sort((a, b) => ordered(a) < ordered(b) ? -1 : 1);
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null;
}
