import { assert, assertEquals } from "@std/assert";
import { openClickHouse } from "../../../src/adapters/clickhouse/open_clickhouse.ts";
import type { SinkPlan } from "../../../src/plan/physical.ts";
import { sinkKeyProblems } from "../../../src/plan/sink_key.ts";
import type { Warehouse } from "../../../src/ports/warehouse.ts";
import { keyGuard } from "../../../src/processor/key_guard.ts";
import { rowEncoder } from "../../../src/processor/sink_row.ts";
import { Decimal } from "../../../src/record/decimal.ts";
import { keyOf, keyText, parseKeyText } from "../../../src/record/key.ts";
import { keyLineOf } from "../../../src/runtime/outputs/key_line.ts";
import { randomFrom } from "../../record/support.ts";
import { ownClickHouse } from "../../own_clickhouse.ts";
import { lineOf } from "../../line_bytes.ts";

const SEED = 5;
const VALUES = 300;
const TASK = "t-0";

type Draw = (below: (bound: number) => number) => unknown;

const integer = (below: (bound: number) => number, bound: number) => Math.floor(below(bound));
const pick = <T>(values: readonly T[]): Draw => (below) => values[integer(below, values.length)];
const text = (alphabet: readonly string[], length: number): Draw => (below) =>
  Array.from({ length: integer(below, length + 1) }, () => alphabet[integer(below, alphabet.length)]).join("");
const decimal = (units: number, scale: number): Draw => (below) =>
  Decimal.of(integer(below, units) - (units >> 1), integer(below, scale + 1));

/** Values of every type of key column: close together, so that what a type cannot hold apart meets. */
const TYPES: Readonly<Record<string, Draw>> = {
  Int8: (below) => integer(below, 300) - 150,
  "Nullable(Int64)": pick([null, 0, 7, 9_007_199_254_740_993n, 9_007_199_254_740_992n, -(2n ** 63n), 2n ** 63n]),
  UInt256: pick([0, 5, 2n ** 255n, 2n ** 255n + 1n, -1]),
  Float32: pick([0.5, 0.1, Math.fround(0.1), 16_777_216, 16_777_217, 1e30, Math.fround(1e30), 1e-46, 0]),
  Float64: pick([0.1, 0.30000000000000004, 0.3, 5e-324, 1e21, 2 ** 60, 2 ** 60 + 256, -0, 0, 1.7976931348623157e308]),
  "Decimal(5, 2)": decimal(300_000, 3),
  "Nullable(Decimal(38, 10))": decimal(3_000, 12),
  Date: (below) => integer(below, 70_000) - 100,
  Date32: (below) => integer(below, 60) - 25_600,
  "DateTime64(6, 'Asia/Tokyo')": (below) => integer(below, 50) - 25,
  "DateTime64(3)": (below) => 500 * (integer(below, 50) - 25),
  "DateTime64(9, 'UTC')": (below) => integer(below, 50) - 25,
  DateTime: (below) => 500_000 * (integer(below, 50) - 5),
  IPv4: pick(["1.2.3.4", "1.2.3.04", "001.2.3.4", "4.3.2.1", "0.0.0.0"]),
  IPv6: pick(["::1", "0::1", "::ffff:1.2.3.4", "1.2.3.4", "::ffff:102:304", "FE80::", "fe80::", "::"]),
  Bool: pick([true, false]),
  String: text(["a", "\0", "\ud800", "\udc00", "\ufffd", "😀", "\\", '"', "\n"], 3),
  "LowCardinality(Nullable(String))": pick([null, "null", "", "a", "A", "\ud800", "\ufffd"]),
  "FixedString(4)": text(["a", "\0", "b"], 4),
  UUID: pick([
    "6f9619ff-8b86-d011-b42d-00c04fc964ff",
    "6F9619FF-8B86-D011-B42D-00C04FC964FF",
    "6f9619ff8b86d011b42d00c04fc964ff",
    "00000000-0000-0000-0000-000000000000",
  ]),
  "Enum8('1' = 2, 'it\\'s' = 1, 'b\\\\' = 3)": pick(["1", "2", "it's", "b\\", "c"]),
};

async function shownKeys(warehouse: Warehouse, plan: SinkPlan): Promise<string[]> {
  const keys: string[] = [];
  for await (const rows of warehouse.shown(plan.table, [TASK])) keys.push(...rows.map(({ key }) => key));
  return keys.sort();
}

Deno.test(`rows of different keys stay apart, and a tombstone meets its row (seed ${SEED})`, async (t) => {
  await using own = await ownClickHouse();
  const warehouse = openClickHouse({ url: own.server.url, database: "keys" });
  try {
    for (const [index, [type, draw]] of Object.entries(TYPES).entries()) {
      await t.step(type, async () => {
        const name = `k${index}`;
        const columns = [{ name: "k", type }];
        const plan: SinkPlan = {
          name,
          table: { name, columns, key: ["k"], shares: false },
          keyOrder: [0],
          byName: false,
        };
        assertEquals(sinkKeyProblems({ name, key: ["k"], columns: { k: type }, indexes: {} }), []);
        await warehouse.ensure(plan.table);
        const below = randomFrom(SEED);
        const encode = rowEncoder(columns);
        const guard = keyGuard(columns, ["k"]);
        const lines = new Map<string, Uint8Array>();
        let refused = 0;
        for (let n = 0; n < VALUES; n++) {
          const row = { k: draw(below) };
          try {
            guard?.(row);
            lines.set(keyText(keyOf([row.k])), lineOf(encode(row)));
          } catch (error) {
            assert(error instanceof TypeError || error instanceof RangeError, String(error));
            refused++;
          }
        }
        assert(lines.size > 1 && (refused > 0 || guard === null || type.includes("Nullable(Decimal")));
        let seq = 0;
        const upserts = [...lines].map(([key, line]) => ({ line, task: TASK, key, digest: 1, epoch: 1, seq: ++seq }));
        await warehouse.insert({ table: plan.table, upserts, deletes: [] });
        assertEquals(await shownKeys(warehouse, plan), [...lines.keys()].sort());
        const deletes = [...lines.keys()].slice(1).map((key) => {
          return { keyLine: keyLineOf(plan, parseKeyText(key)), task: TASK, key, epoch: 1, seq: ++seq };
        });
        await warehouse.insert({ table: plan.table, upserts: [], deletes });
        assertEquals(await shownKeys(warehouse, plan), [...lines.keys()].slice(0, 1));
      });
    }
  } finally {
    await warehouse.close();
  }
});
