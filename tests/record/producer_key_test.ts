import { assert, assertEquals } from "@std/assert";
import { z } from "zod";
import { date, numeric, timestamptz } from "../../src/formats/columns.ts";
import { createDecoder } from "../../src/formats/decoder.ts";
import { keyColumnOf, type WireFormat } from "../../src/formats/key_form.ts";
import { Decimal } from "../../src/record/decimal.ts";
import { keyOf } from "../../src/record/key.ts";
import { partitionOf } from "../../src/record/partitioner.ts";
import { jacksonText, producerKey } from "../../src/record/producer_key.ts";
import { randomFrom } from "./support.ts";

/** Where a Java producer put keys that Debezium wrote, of topics with 6 partitions. */
const CAPTURED = new URL("../fixtures/keys/partitions.jsonl", import.meta.url);
const PARTITIONS = 6;

Deno.test("producerKey() gives the bytes of captured keys, and so their partitions", async () => {
  const lines = (await Deno.readTextFile(CAPTURED)).trim().split("\n");
  assertEquals(lines.length, 16);
  for (const line of lines) {
    const { key, partition } = JSON.parse(line) as { key: string; partition: number };
    const [name] = Object.keys(JSON.parse(key));
    const schema = { nr: numeric(10, 0), code: z.string(), id: z.int() }[name]!;
    const format = { decimals: "precise" } as const;
    const columns = [keyColumnOf(name, { schema, format })];
    const decoded = createDecoder({ source: "t", key: [name], row: z.object({ [name]: schema }), format })
      .decode({ key, value: null });
    assert(decoded.kind === "delete");
    assertEquals(producerKey(columns, decoded.key), key);
    assertEquals(partitionOf(producerKey(columns, decoded.key), PARTITIONS), partition, key);
  }
});

Deno.test("jacksonText() escapes as Jackson does", () => {
  const cases: readonly (readonly [string, string])[] = [
    ["a/b", '"a/b"'],
    ['q"t\\', '"q\\"t\\\\'.concat('"')],
    ["\b\t\n\f\r", '"\\b\\t\\n\\f\\r"'],
    ["\u001f\u000b\u0000", '"\\u001F\\u000B\\u0000"'],
    ["\u007f\u2028é", '"\u007f\u2028é"'],
    ["😀", '"\\uD83D\\uDE00"'],
    ["\\u001f", '"\\\\u001f"'],
    ["\\\u001f", '"\\\\\\u001F"'],
  ];
  for (const [text, expected] of cases) assertEquals(jacksonText(JSON.stringify(text)), expected);
});

Deno.test("jacksonText() changes how a text is written and never what it says (seed 3)", () => {
  const below = randomFrom(3);
  const alphabet = ["\\", '"', "u", "001f", "\u001f", "😀", "é", ",", "\u2028", "\n"];
  for (let run = 0; run < 2_000; run++) {
    const text = Array.from({ length: 6 }, () => alphabet[Math.floor(below(alphabet.length))]).join("");
    assertEquals(JSON.parse(jacksonText(JSON.stringify(text))), text);
  }
});

Deno.test("producerKey() writes decimals and times in the connector's forms", () => {
  const price = (format: WireFormat) => [keyColumnOf("p", { schema: numeric(12, 2), format })];
  const cases: readonly (readonly [string, string])[] = [
    ["7", "Arw="],
    ["-1", "nA=="],
    ["0", "AA=="],
    ["1.28", "AIA="],
    ["-1.28", "gA=="],
    ["12345678.9", "SZYC0g=="],
  ];
  for (const [text, base64] of cases) {
    const key = keyOf([Decimal.parse(text)]);
    assertEquals(producerKey(price({ decimals: "precise" }), key), `{"p":"${base64}"}`);
    assertEquals(producerKey(price({}), key), `{"p":"${Decimal.parse(text).rescale(2)}"}`);
  }
  const at = [
    keyColumnOf("at", { schema: timestamptz() }),
    keyColumnOf("day", { schema: date(), format: { times: "isostring" } }),
  ];
  assertEquals(
    producerKey(at, keyOf([1_718_447_696_120_000, 19_753])),
    '{"at":"2024-06-15T10:34:56.120000Z","day":"2024-01-31Z"}',
  );
  assertEquals(producerKey(at, keyOf([-1, 0])), '{"at":"1969-12-31T23:59:59.999999Z","day":"1970-01-01Z"}');
});
