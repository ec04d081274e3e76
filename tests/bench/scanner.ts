// How long the decoder takes for a record with the scanner, and how many times as long without it:
// `deno run --allow-read tests/bench/scanner.ts`. The ratios count.
import { z } from "zod";
import { snapshotEnvelope } from "../../src/demo/envelope.ts";
import { int8, numeric } from "../../src/formats/columns.ts";
import { createDecoder, type MessageBytes } from "../../src/formats/decoder.ts";
import { captured, schemas } from "../formats/fixtures.ts";
import { compete } from "./contest.ts";

const RECORDS_OF_ROUND = 300;
const encoder = new TextEncoder();

interface Case {
  readonly name: string;
  readonly row: z.ZodObject;
  readonly texts: readonly { readonly key: string; readonly value: string }[];
}

/** Lines of orders as the demo store writes them, in columns of integers and one decimal. */
function plainItems(): Case {
  const texts = Array.from({ length: RECORDS_OF_ROUND }, (_, n) => {
    const after = `{"id":${n + 1},"order_id":${Math.ceil((n + 1) / 3)},"product_id":${1 + (n * 7919) % 20_000},` +
      `"quantity":${1 + n % 5},"unit_price":"${1 + n % 500}.${10 + n % 90}"}`;
    const micros = 1_760_000_000_000_000 + n * 1_000_003;
    const handled = { micros: micros + 500_000, nanos: n % 1000 };
    const position = { txId: 1000 + n, firstLsn: 26_000_000 + n, lsn: 26_000_040 + n, commitMicros: micros, handled };
    return { key: `{"id":${n + 1}}`, value: snapshotEnvelope("order_items", { after, marker: "true", position }) };
  });
  const row = z.object({
    id: int8(),
    order_id: int8(),
    product_id: int8(),
    quantity: z.int(),
    unit_price: numeric(12, 2),
  });
  return { name: "plain items", row, texts };
}

function capturedCase(file: string, { table, pick }: { table: string; pick?: readonly string[] }): Case {
  const messages = captured(file).flatMap(({ topic, key, value }) =>
    topic.endsWith(`.${table}`) && value !== null ? [{ key: key!, value }] : []
  );
  const whole = schemas[table];
  const row = pick === undefined ? whole : z.object(Object.fromEntries(pick.map((name) => [name, whole.shape[name]])));
  return {
    name: pick === undefined ? table : `${table}, ${pick.length} columns`,
    row,
    texts: Array.from({ length: RECORDS_OF_ROUND }, (_, index) => messages[index % messages.length]),
  };
}

interface Message {
  readonly key: MessageBytes;
  readonly value: MessageBytes;
}

function race(
  name: string,
  { row, records }: { readonly row: z.ZodObject; readonly records: readonly Message[] },
): void {
  const options = { source: "things", key: ["id"], row };
  const scanning = createDecoder(options);
  const parsing = createDecoder({ ...options, scans: false });
  compete<Message>({
    name,
    inputs: () => [records],
    ways: { scanned: [(record) => scanning.decode(record)], parsed: [(record) => parsing.decode(record)] },
  });
}

for (
  const { name, row, texts } of [
    plainItems(),
    capturedCase("a_initial_snapshot", { table: "order_items" }),
    capturedCase("a_initial_snapshot", {
      table: "order_items",
      pick: ["id", "order_id", "product_id", "quantity", "unit_price"],
    }),
    capturedCase("a_initial_snapshot", { table: "orders" }),
    capturedCase("a_initial_snapshot", { table: "orders", pick: ["id", "user_id", "status", "placed_at"] }),
    capturedCase("a_initial_snapshot", { table: "users" }),
    capturedCase("a_initial_snapshot", { table: "sellers" }),
    capturedCase("a_initial_snapshot", { table: "products" }),
    capturedCase("o_kill9_connect", { table: "sellers" }),
  ]
) {
  const size = Math.round(texts.reduce((sum, { value }) => sum + value.length, 0) / texts.length);
  const bytes = texts.map(({ key, value }) => ({ key: encoder.encode(key), value: encoder.encode(value) }));
  race(`${name}: ${size} bytes`, { row, records: bytes });
  race(`${name}: ${size} bytes, as text`, { row, records: texts });
}
