// Throughput of the decoder on captured messages: `deno run --allow-read tests/formats/decode_bench.ts`.
import { z } from "zod";
import { date, int8, json, numeric, timestamp, timestamptz } from "../../src/formats/columns.ts";
import { createDecoder } from "../../src/formats/decoder.ts";
import { Decimal } from "../../src/record/decimal.ts";
import { decodeWire, encodeWire } from "../../src/record/wire.ts";

interface Captured {
  readonly topic: string;
  readonly key: string;
  readonly value: string;
}

const ROUNDS = 5;
const encoder = new TextEncoder();

/** Median microseconds of one call, over several rounds. */
function measure(name: string, calls: number, run: () => void): void {
  for (let index = 0; index < calls / 4; index++) run();
  const times: number[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    const start = performance.now();
    for (let index = 0; index < calls; index++) run();
    times.push((performance.now() - start) * 1000 / calls);
  }
  times.sort((a, b) => a - b);
  console.log(`${name.padEnd(64)} ${times[ROUNDS >> 1].toFixed(3)} us (best ${times[0].toFixed(3)})`);
}

function captured(file: string): Captured[] {
  const text = Deno.readTextFileSync(new URL(`../fixtures/debezium/${file}.jsonl`, import.meta.url));
  return text.trim().split("\n").map((line) => JSON.parse(line)).filter((message) => message.value !== null);
}

const items = z.object({
  id: int8(),
  order_id: int8(),
  product_id: int8(),
  quantity: z.int(),
  unit_price: numeric(12, 2),
  discount: numeric(5, 2).nullable(),
  created_at: timestamptz(),
  updated_at: timestamptz(),
});
const orders = z.object({
  id: int8(),
  user_id: int8(),
  status: z.enum(["pending", "paid", "shipped", "delivered", "cancelled", "refunded"]),
  total_amount: numeric(12, 2),
  currency: z.string(),
  shipping_address: json().nullable(),
  note: z.string().nullable(),
  placed_at: timestamptz(),
  delivered_on: date().nullable(),
  created_at: timestamptz(),
  updated_at: timestamptz(),
});
const sellers = z.object({ id: int8(), name: z.string(), is_verified: z.boolean(), joined_at: timestamp() });
const edges = z.object({
  id: int8(),
  n_12_2: numeric(12, 2).nullable(),
  t: z.string().nullable(),
  tstz: timestamptz().nullable(),
  nn_num: numeric(12, 2),
});

function decodeAll(name: string, row: z.ZodObject, messages: readonly Captured[]): void {
  const decoder = createDecoder({ source: name, key: ["id"], row });
  const bytes = messages.map(({ key, value }) => ({ key: encoder.encode(key), value: encoder.encode(value) }));
  const size = Math.round(messages.reduce((sum, { value }) => sum + value.length, 0) / messages.length);
  const columns = Object.keys(row.shape).length;
  let at = 0;
  measure(`decode ${name}: ${size} B, ${columns} columns, bytes`, 100_000, () => {
    decoder.decode(bytes[at++ % bytes.length]);
  });
  measure(`decode ${name}: ${size} B, ${columns} columns, text`, 100_000, () => {
    decoder.decode(messages[at++ % messages.length]);
  });
  measure(`  for comparison JSON.parse alone of the whole value, text`, 50_000, () => {
    JSON.parse(messages[at++ % messages.length].value);
  });
}

const snapshot = captured("a_initial_snapshot");
const of = (table: string) => snapshot.filter(({ topic }) => topic.endsWith(table));
decodeAll("order_items", items, of("order_items"));
decodeAll(
  "order_items, 5 columns",
  items.pick({ id: true, order_id: true, product_id: true, quantity: true, unit_price: true }),
  of("order_items"),
);
decodeAll("orders", orders, of("orders"));
decodeAll("sellers with before", sellers, captured("o_kill9_connect"));
decodeAll(
  "edge_types with schema",
  edges,
  captured("l_schemas_enable").filter(({ key }) => /:(1|3|5|11|12)}}$/.test(key)),
);

const price = Decimal.parse("19.90");
const rate = Decimal.parse("0.1500");
measure("Decimal.parse", 1_000_000, () => void Decimal.parse("1234.56"));
measure("Decimal.plus, same scale", 1_000_000, () => void price.plus(price));
measure("Decimal.plus, other scale", 1_000_000, () => void price.plus(rate));
measure("Decimal.times(Decimal)", 1_000_000, () => void price.times(rate));
measure("Decimal.times(number)", 1_000_000, () => void price.times(3));
measure("Decimal.compare, other scale", 1_000_000, () => void price.compare(rate));
measure("Decimal.toString", 1_000_000, () => void price.toString());

const row = createDecoder({ source: "orders", key: ["id"], row: orders }).decode(of("orders")[0]);
if (row.kind !== "upsert") throw new Error("Cannot measure: the first order is no upsert");
const text = encodeWire(row.row);
measure(`encodeWire, orders row, ${text.length} B`, 200_000, () => void encodeWire(row.row));
measure("  for comparison JSON.stringify", 200_000, () => void JSON.stringify(row.row));
measure("decodeWire", 200_000, () => void decodeWire(text));
measure("  for comparison JSON.parse", 200_000, () => void JSON.parse(text));
