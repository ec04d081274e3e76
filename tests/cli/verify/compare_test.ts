import { assertEquals, assertThrows } from "@std/assert";
import { canonicalColumn } from "../../../src/cli/verify/canonical.ts";
import {
  type ActualRows,
  canonicalLine,
  type CanonicalRow,
  compareRows,
  expectRows,
  isEqual,
} from "../../../src/cli/verify/compare.ts";
import { reportLines } from "../../../src/cli/verify/report_text.ts";
import type { SinkReport } from "../../../src/cli/verify/sink_report.ts";
import { isProven, isWhole } from "../../../src/cli/verify/verify_topologies.ts";
import { Decimal } from "../../../src/record/decimal.ts";

const COLUMNS = { names: ["id", "name"], key: [0] };

/** Portions of one row each, and of none; `lineOf`: how a row is written. */
function shown(rows: CanonicalRow[], lineOf = canonicalLine): ActualRows {
  async function* lines(): AsyncGenerator<string[]> {
    for (const row of rows) {
      yield await Promise.resolve([lineOf(row)]);
      yield [];
    }
  }
  return { lines: lines(), parse: (line) => JSON.parse(line) };
}

const expected = (rows: CanonicalRow[]) => expectRows(COLUMNS, { rows });

const row = (id: string, name: string | null): CanonicalRow => [id, name];

Deno.test("compareRows() finds equality whatever the order", async () => {
  const comparison = await compareRows(
    COLUMNS,
    { expected: expected([row("1", "a"), row("2", null)]), actual: shown([row("2", null), row("1", "a")]) },
  );
  assertEquals(comparison, { rows: 2, missing: 0, extra: 0, different: 0, samples: [] });
  assertEquals(isEqual(comparison), true);
});

Deno.test("compareRows() tells missing, extra, different and repeated rows apart, with examples", async () => {
  const comparison = await compareRows(
    COLUMNS,
    {
      expected: expected([row("1", "a"), row("2", "b"), row("3", null)]),
      actual: shown([row("1", "a"), row("1", "a"), row("3", "null"), row("4", "d")]),
    },
  );
  assertEquals({ ...comparison, samples: comparison.samples.map(({ kind, key }) => `${kind} ${key}`) }, {
    rows: 3,
    missing: 1,
    extra: 2,
    different: 1,
    samples: ["twice id=1", "different id=3", "extra id=4"],
  });
  assertEquals(comparison.samples[1].columns, [{ name: "name", expected: "null", actual: "null" }]);
  assertEquals(isEqual(comparison), false);
});

Deno.test("compareRows() does not judge what changes by itself while it is compared", async () => {
  const before = [row("1", "a"), row("2", "b"), row("3", "c"), row("4", "d"), row("5", "e")];
  const afterwards = [row("1", "a"), row("2", "B"), row("5", "e"), row("6", "f")];
  const moving = expectRows(COLUMNS, { rows: before, later: afterwards });
  assertEquals([...moving.moving].sort(), ["=2", "=3", "=4", "=6"]);
  const now = [row("1", "a"), row("2", "between"), row("3", "c"), row("5", "E"), row("6", "f"), row("7", "g")];
  const { samples, ...counts } = await compareRows(COLUMNS, { expected: moving, actual: shown(now) });
  assertEquals(counts, { rows: 2, missing: 0, extra: 1, different: 1 });
  assertEquals(samples.map(({ kind, key }) => `${kind} ${key}`), ["different id=5", "extra id=7"]);
});

Deno.test("compareRows() takes a line apart that spells a row in another way", async () => {
  const rows = [row("1", "a/b"), row("2", null), row("2", "c")];
  for (const lineOf of [(row: CanonicalRow) => JSON.stringify(row), escaped]) {
    const comparison = await compareRows(COLUMNS, {
      expected: expected(rows.slice(0, 2)),
      actual: shown(rows, lineOf),
    });
    assertEquals(
      [comparison.missing, comparison.different, comparison.extra],
      [0, 0, 1],
      "the last one is there twice",
    );
  }
  function escaped(row: CanonicalRow): string {
    return canonicalLine(row).replaceAll("/", "\\/");
  }
});

Deno.test("compareRows() finds rows whose lines begin alike, and keys that are not in front", async () => {
  const columns = { names: ["name", "id"], key: [1] };
  const rows: CanonicalRow[] = [["a", "1"], ["a", "2"], [null, "3"], ['", ', "4"]];
  const equal = await compareRows(columns, { expected: expectRows(columns, { rows }), actual: shown(rows) });
  assertEquals(equal, { rows: 4, missing: 0, extra: 0, different: 0, samples: [] });
  const changed: CanonicalRow[] = [["a", "1"], ["a", "1"], ["b", "3"]];
  const { missing, extra, different } = await compareRows(columns, {
    expected: expectRows(columns, { rows }),
    actual: shown(changed),
  });
  assertEquals({ missing, extra, different }, { missing: 2, extra: 1, different: 1 });
});

Deno.test("compareRows() keeps a few examples of many differences", async () => {
  const rows = Array.from({ length: 1_000 }, (_, id) => row(String(id), "a"));
  const comparison = await compareRows(COLUMNS, { expected: expected(rows), actual: shown([]) });
  assertEquals([comparison.missing, comparison.samples.length], [1_000, 3]);
});

Deno.test("canonicalColumn() makes the computed text and ClickHouse's equal just when the values are", async (t) => {
  const cases: readonly { type: string; value: unknown; prints: unknown; differs: unknown }[] = [
    { type: "Int64", value: 9007199254740993n, prints: "9007199254740993", differs: "9007199254740992" },
    { type: "UInt8", value: 5, prints: "5", differs: "-5" },
    { type: "Decimal(12, 2)", value: Decimal.parse("10.5"), prints: "10.5", differs: "10.51" },
    { type: "Decimal(12, 2)", value: Decimal.parse("100"), prints: "100", differs: "1" },
    { type: "Nullable(Decimal(38, 0))", value: 100, prints: "100", differs: null },
    { type: "DateTime64(6)", value: 1_767_261_600_000_001, prints: "1767261600000001", differs: "1767261600000000" },
    { type: "Float64", value: 1e21, prints: "1e21", differs: "1e22" },
    { type: "Float64", value: -0, prints: "-0", differs: "1" },
    { type: "Float32", value: 0.1, prints: "0.1", differs: "0.10000001" },
    { type: "Bool", value: true, prints: "true", differs: "false" },
    { type: "Date", value: 20_454, prints: "2026-01-01", differs: "2026-01-02" },
    {
      type: "UUID",
      value: "61F0C404-5CB3-11E7-907B-A6006AD3DBA0",
      prints: "61f0c404-5cb3-11e7-907b-a6006ad3dba0",
      differs: "",
    },
    { type: "FixedString(3)", value: "a", prints: "a\0\0", differs: "b\0\0" },
    { type: "LowCardinality(Nullable(String))", value: null, prints: null, differs: "" },
    { type: "String", value: 'q"\n12\\', prints: 'q"\n12\\', differs: 'q"\n12' },
    { type: "Array(String)", value: ["1", 'a",2'], prints: ["1", 'a",2'], differs: ["1", "a"] },
    {
      type: "Array(Nullable(Decimal(5, 2)))",
      value: [Decimal.parse("1.5"), null],
      prints: ["1.5", null],
      differs: ["1.5"],
    },
    {
      type: "Array(Int64)",
      value: [9007199254740993n, -1],
      prints: ["9007199254740993", "-1"],
      differs: ["9007199254740992", "-1"],
    },
  ];
  for (const { type, value, prints, differs } of cases) {
    await t.step(`${type} ${prints}`, () => {
      const column = canonicalColumn({ name: "c", type }, "`c`");
      const wanted = JSON.stringify(column.expected(value));
      assertEquals(JSON.stringify(column.actual(prints)), wanted);
      assertEquals(JSON.stringify(column.actual(differs)) === wanted, false);
    });
  }
  assertThrows(() => canonicalColumn({ name: "c", type: "Int64" }, "c").expected(null), TypeError, "Nullable");
});

Deno.test("reportLines() says why nothing was compared", () => {
  const nothing = { sinks: [], neverStarted: [], refused: 0, uncomputed: [], unjudged: [], taken: [] };
  assertEquals(reportLines({ ...nothing, neverStarted: ["t"] }), [
    "Not compared, because never started on this data: t",
    "Nothing to compare: none of the topologies was ever started on this data",
  ]);
  assertEquals(reportLines({ ...nothing, unjudged: [{ topology: "t", sink: "s", reason: "it depends" }] }), [
    'Not compared: sink "s" of t: it depends',
    "Nothing was compared",
  ]);
});

Deno.test("reportLines() prints figures, examples and the verdict", () => {
  const equal = { rows: 1_200, missing: 0, extra: 0, different: 0, samples: [] };
  const counts = { unfit: 0, moving: 0, durationMs: 1_234 };
  const sink: SinkReport = { topology: "t", sink: "s", view: equal, stored: equal, ...counts };
  assertEquals(reportLines({ sinks: [sink], neverStarted: [], refused: 0, uncomputed: [], unjudged: [], taken: [] }), [
    "topology  sink   rows  missing  extra  different  stored rows    time",
    "--------  ----  -----  -------  -----  ---------  -----------  ------",
    "t         s     1,200        0      0          0  equal        1.23 s",
    "",
    "Equal: 1,200 rows of 1 sink, as shown and as stored",
  ]);
  const samples = [{ kind: "different" as const, key: "id=1", columns: [{ name: "a", expected: "1", actual: "2" }] }];
  const wrong = { ...sink, stored: { ...equal, different: 1, samples } };
  const lines = reportLines({
    sinks: [wrong],
    neverStarted: ["u"],
    refused: 2,
    uncomputed: [],
    unjudged: [],
    taken: [],
  });
  assertEquals(lines.slice(-4), [
    "Not compared, because never started on this data: u",
    "2 source rows cannot be read and are left out (deno task dlq)",
    "s_rows: row id=1: a is 2 and should be 1",
    "DIFFERENT: s (compared 1,200 rows of 1 sink)",
  ]);
  const example = { key: '"x"', error: "Cannot read properties of null" };
  const lacking = { topology: "t", operator: "per-user", rows: 435, example };
  const left = { sinks: [sink], neverStarted: [], refused: 0, uncomputed: [lacking], unjudged: [], taken: [] };
  assertEquals(reportLines(left).slice(-2), [
    '435 rows cannot be computed by "per-user" of t and are left out: for key "x": Cannot read properties of null ' +
    "(deno task dlq)",
    "Equal, but not whole: 1,200 rows of 1 sink, as shown and as stored; the rows left out above are in no sink",
  ]);
  assertEquals([isProven(left), isWhole(left), isWhole({ ...left, uncomputed: [] })], [
    true,
    false,
    true,
  ]);
  assertEquals([
    isProven({ sinks: [wrong], neverStarted: [], refused: 0, uncomputed: [], unjudged: [], taken: [] }),
    isProven({ sinks: [], neverStarted: [], refused: 0, uncomputed: [], unjudged: [], taken: [] }),
  ], [
    false,
    false,
  ]);
});
