// Packed rows beside rows as objects, and what compiled functions gain over loops: bytes a row, ns an operation, all in
// one run, so that the machine and what else it does cancel out. Prints one JSON line.
// `deno run -A --v8-flags=--expose-gc tests/bench/state.ts`
import { Decimal } from "../../src/record/decimal.ts";
import { mulberry32 } from "../../src/record/mulberry32.ts";
import type { Row } from "../../src/record/row.ts";
import { Links } from "../../src/state/links.ts";
import { heldBytes } from "../state/held_bytes.ts";
import { ObjectRows } from "../state/object_rows.ts";
import { PackedRows } from "../../src/state/packed_rows.ts";
import { plainShape } from "../../src/state/row_shape.ts";
import type { Rows } from "../../src/state/rows.ts";
import { SlotTable } from "../../src/state/slot_table.ts";

const ROWS = 300_000;
/** Many short rounds, of one part of the rows each: most are not interrupted, so the median is one that was not. */
const ROUNDS = 240;
const SLOTS = 5_000;

const next = mulberry32(7);
const below = (end: number) => Math.floor(next() * end);
const STATUS = ["open", "paid", "sent", "lost", "back"];
const rows = Array.from(
  { length: ROWS },
  (_, id) => itemOf([id, Math.floor(id / 3), below(70_000), 1 + below(5), below(100_000), below(5)]),
);

/** A row of its own, as a decoder makes them. */
function itemOf([id, order, product, quantity, cents, status]: readonly number[]) {
  return {
    id,
    order_id: order,
    product_id: product,
    quantity,
    price: Decimal.of(cents, 2),
    status: STATUS[status],
  };
}

const equal = rows.map((row) => ({ ...row }));
const changed = rows.map((row) => ({ ...row, quantity: row.quantity + 1 }));
const order = Int32Array.from({ length: ROWS }, () => below(ROWS));

/** So that nothing that is measured can be left out by the engine. */
const kept: unknown[] = new Array(1024).fill(null);
const times = new Map<string, number[]>();

/** Does something with every slot of a part of the rows. */
type Work = (first: number, kept: unknown[]) => void;

function time(name: string, { round, work }: { readonly round: number; readonly work: Work }): void {
  const first = (round * SLOTS) % ROWS;
  const start = performance.now();
  work(first, kept);
  const nanoseconds = (performance.now() - start) * 1e6 / SLOTS;
  times.set(name, [...times.get(name) ?? [], nanoseconds]);
}

/** A loop of its own for each work, as in each task's program: one loop for all would be slow for all. */
function loop(body: string, constants: Readonly<Record<string, unknown>>): Work {
  const text = `return (first, kept) => {
    for (let slot = first, end = first + SLOTS; slot < end; slot++) kept[slot & 1023] = ${body};
  };`;
  return new Function("SLOTS", ...Object.keys(constants), text)(SLOTS, ...Object.values(constants));
}

const figures: Record<string, string | number> = {};
async function made(name: string, layout: Rows): Promise<Rows> {
  const before = await heldBytes();
  for (let slot = 0; slot < ROWS; slot++) {
    layout.grow(slot);
    const { id, order_id, product_id, quantity, price, status } = rows[slot];
    layout.write(slot, itemOf([id, order_id, product_id, quantity, Number(price.units), STATUS.indexOf(status)]));
  }
  figures[`${name}: bytes a row`] = Math.round((await heldBytes() - before) / ROWS);
  return layout;
}

function rounds(name: string, layout: Rows): (round: number) => void {
  const read = loop("layout.read(slot)", { layout });
  const random = loop("layout.read(order[slot])", { layout, order });
  const write = (given: readonly Row[]) => loop("layout.write(slot, given[slot])", { layout, given });
  const [same, other, back] = [write(equal), write(changed), write(rows)];
  return (round) => {
    time(`${name}: read in order`, { round, work: read });
    time(`${name}: read at random`, { round, work: random });
    time(`${name}: write, equal`, { round, work: same });
    time(`${name}: write, one column changed`, { round, work: other });
    back(round * SLOTS % ROWS, kept);
  };
}

const layouts = [
  rounds("packed", await made("packed", new PackedRows())),
  rounds("packed, by loops", await made("packed, by loops", new PackedRows({ shapes: plainShape }))),
  rounds("objects", await made("objects", new ObjectRows())),
];
for (let round = 0; round < ROUNDS; round++) for (const run of layouts) run(round);

const [left, right] = [new SlotTable(), new SlotTable()];
const links = new Links(left, right);
for (let key = 0; key < ROWS; key++) left.add(key * 7);
for (let key = 0; key < ROWS / 3; key++) right.add(key);
const find = loop("left.find(order[slot] * 7)", { left, order });
const use = loop("links.use(slot, (slot + by.of) % rights)", { links, by: { of: 0 }, rights: right.size });
const useOther = loop("links.use(slot, (slot * 31 + ++by.of) % rights)", { links, by: { of: 0 }, rights: right.size });
for (let round = 0; round < ROUNDS; round++) {
  time("table: find at random", { round, work: find });
  time("links: use another", { round, work: useOther });
  use(round * SLOTS % ROWS, kept);
  time("links: use the same", { round, work: use });
}
for (const [name, list] of times) {
  const sorted = list.toSorted((a, b) => a - b);
  figures[`${name}: ns`] = Math.round(sorted[sorted.length >> 1]);
}
console.log(JSON.stringify(figures));
