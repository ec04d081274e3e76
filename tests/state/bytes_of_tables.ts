// Prints, one case a line as JSON, how many bytes a row tables say they hold, and by how many this process grew:
// `deno run --v8-flags=--expose-gc tests/state/bytes_of_tables.ts`
import { Decimal } from "../../src/record/decimal.ts";
import type { Row } from "../../src/record/row.ts";
import { ByteCells, NumberCells } from "../../src/state/cells.ts";
import { Links } from "../../src/state/links.ts";
import { heldBytes } from "./held_bytes.ts";
import { ObjectRows } from "./object_rows.ts";
import { PackedRows } from "../../src/state/packed_rows.ts";
import type { Rows } from "../../src/state/rows.ts";
import { SlotTable } from "../../src/state/slot_table.ts";

const ROWS = 1_000_000;
/** Of cases that take long to collect. */
const HEAP_ROWS = 250_000;

/** What was built stays, so that nothing is freed while the next is measured. */
const alive: unknown[] = [];

async function measure(
  name: string,
  { rows = ROWS, build }: { readonly rows?: number; readonly build: (rows: number) => { readonly bytes: number } },
): Promise<void> {
  const before = await heldBytes();
  const built = build(rows);
  alive.push(built);
  const grown = await heldBytes() - before;
  console.log(JSON.stringify({ name, told: built.bytes / rows, grown: grown / rows }));
}

function filled(rows: Rows, { count, rowOf }: { count: number; rowOf: (key: number) => Row }): SlotTable {
  const table = new SlotTable();
  table.attach(rows);
  for (let key = 0; key < count; key++) rows.write(table.add(key * 3), rowOf(key));
  return table;
}

const item = (key: number): Row => ({
  id: key,
  order_id: key % 300_000,
  quantity: key % 9,
  price: Decimal.of(key % 10_000, 2),
  status: ["open", "paid"][key & 1],
});
// Texts as they come from a message, not as the pieces of which a template makes them.
const customer = (key: number): Row => JSON.parse(`{"id":${key},"name":"customer no. ${key + 1_000_000}"}`);
const wide = (key: number): Row => JSON.parse(`{"id":${key},"name":"клиент № ${key + 1_000_000}"}`);
const tagged = (key: number): Row =>
  JSON.parse(`{"id":${key},"tags":["the tag no. ${key + 1_000_000}",${key}],"more":{"a":${key}}}`);

await measure("a first one, for what the engine allocates once", {
  rows: 20_000,
  build: (count) => filled(new PackedRows(), { count, rowOf: item }),
});
await measure("PackedRows", { build: (count) => filled(new PackedRows(), { count, rowOf: item }) });
await measure("PackedRows of texts", {
  rows: HEAP_ROWS,
  build: (count) => filled(new PackedRows(), { count, rowOf: customer }),
});
await measure("PackedRows of wide texts", {
  rows: HEAP_ROWS,
  build: (count) => filled(new PackedRows(), { count, rowOf: wide }),
});
await measure("PackedRows of nested values", {
  rows: HEAP_ROWS,
  build: (count) => filled(new PackedRows(), { count, rowOf: tagged }),
});
await measure("ObjectRows", {
  rows: HEAP_ROWS,
  build: (count) => filled(new ObjectRows(), { count, rowOf: item }),
});
await measure("text keys, flags and digests", {
  rows: HEAP_ROWS,
  build: (count) => {
    const table = new SlotTable();
    table.attach(new ByteCells());
    table.attach(new NumberCells());
    for (let key = 0; key < count; key++) table.add(JSON.stringify(`user-${key}@example.org`));
    return table;
  },
});
await measure("links", {
  build: (count) => {
    const [left, right] = [new SlotTable(), new SlotTable()];
    const links = new Links(left, right);
    for (let key = 0; key < count; key++) {
      const slot = left.add(key);
      if (key % 3 === 0) right.add(key);
      links.use(slot, right.slots - 1);
    }
    return { left, right, bytes: left.bytes + right.bytes };
  },
});
