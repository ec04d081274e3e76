// What rows made of values by a compiled function gain over a loop, and what it saves to leave the columns'
// names out: `deno run --allow-read tests/bench/sent_rows.ts`. Ratios of one run.
import { decodeWire, encodeWire } from "../../src/record/wire.ts";
import type { Row } from "../../src/record/row.ts";
import { rowOfValues, SentShapes } from "../../src/runtime/conversation/positional_rows.ts";
import { compete } from "./contest.ts";

const order = (id: number): Row => ({
  user_id: id * 7,
  status: id % 3 === 0 ? "paid" : "delivered",
  placed_at: `2026-01-01T00:00:00.${String(id).padStart(6, "0")}Z`,
  updated_at: `2026-02-01T00:00:00.${String(id).padStart(6, "0")}Z`,
});
const seller = (id: number): Row => ({ name: `Seller ${id}`, country: "DE" });
const ROWS = [order, seller].map((make) => Array.from({ length: 100 }, (_, id) => make(id)));
const SHAPES = ROWS.map(() => new SentShapes("join"));
const valuesOf = ROWS.map((_, table) => (row: Row) => SHAPES[table].of(row)!.values);
const VALUES = ROWS.map((rows, table) => rows.map((row) => valuesOf[table](row)));
const NAMES = ROWS.map(([row]) => Object.keys(row));

compete<readonly unknown[]>({
  name: "a row of values",
  inputs: () => VALUES,
  ways: {
    compiled: NAMES.map((names) => rowOfValues(names)),
    "one loop over columns": NAMES.map((names) => (values) => {
      const row: Record<string, unknown> = {};
      for (let index = 0; index < names.length; index++) row[names[index]] = values[index];
      return row;
    }),
  },
});

compete<Row>({
  name: "text of a row",
  inputs: () => ROWS,
  otherResults: true,
  ways: {
    "without names": valuesOf.map((values) => (row) => encodeWire(values(row))),
    "with names": sameWay(encodeWire),
  },
});

const TEXTS = VALUES.map((values, table) =>
  values.map((value, index) => ({ bare: encodeWire(value), named: encodeWire(ROWS[table][index]) }))
);
compete<{ readonly bare: string; readonly named: string }>({
  name: "a row of a text",
  inputs: () => TEXTS,
  ways: {
    "without names": NAMES.map((names) => {
      const rowOf = rowOfValues(names);
      return ({ bare }) => rowOf(decodeWire(bare));
    }),
    "with names": sameWay(({ named }) => decodeWire(named)),
  },
});

function sameWay<I>(way: (input: I) => unknown) {
  return ROWS.map(() => way);
}
