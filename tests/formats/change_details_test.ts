import { assertEquals } from "@std/assert";
import { z } from "zod";
import { int8, numeric, time, timestamp } from "../../src/formats/columns.ts";
import { createDecoder, type Decoder } from "../../src/formats/decoder.ts";

const SOURCE = '"source":{"version":"3.6.3.Final","connector":"postgresql","name":"shop","txId":771,"lsn":1}';
const ROW = '{"id":7,"price":"JWo=","at":1718447696120,"from":3600000}';
const FIELDS = [
  '{"type":"int64","field":"id"}',
  '{"type":"bytes","name":"org.apache.kafka.connect.data.Decimal","parameters":{"scale":"2"},"field":"price"}',
  '{"type":"int64","name":"org.apache.kafka.connect.data.Timestamp","field":"at"}',
  '{"type":"int32","name":"org.apache.kafka.connect.data.Time","field":"from"}',
].join();
const SCHEMA = `{"type":"struct","fields":[{"type":"struct","fields":[${FIELDS}],"field":"before"},` +
  `{"type":"struct","fields":[${FIELDS}],"field":"after"},{"type":"string","field":"op"}],"name":"shop.Envelope"}`;

/** The row as a column type without a schema, or without a format, would not read it. */
function decoder(format: Parameters<typeof createDecoder>[0]["format"]): Decoder {
  const row = z.object({ id: int8(), price: numeric(12, 2), at: timestamp(), from: time() });
  return createDecoder({ source: "things", key: ["id"], row, ...(format && { format }) });
}

function envelope(op: "c" | "d"): string {
  const rows = op === "c" ? `"before":null,"after":${ROW}` : `"before":${ROW},"after":null`;
  return `{${rows},${SOURCE},"op":"${op}","ts_ms":1795322174979}`;
}

const FORMAT = { decimals: "precise", times: "connect" } as const;
const FORMS = {
  "without a schema": { wrap: (payload: string) => payload, format: FORMAT },
  "with a schema": { wrap: (payload: string) => `{"schema":${SCHEMA},"payload":${payload}}`, format: undefined },
  "with a schema behind": { wrap: (payload: string) => `{"payload":${payload},"schema":${SCHEMA}}`, format: undefined },
  "with a schema and a format": {
    wrap: (payload: string) => `{"schema":${SCHEMA},"payload":${payload}}`,
    format: FORMAT,
  },
  "with no schema": { wrap: (payload: string) => `{"schema":null,"payload":${payload}}`, format: FORMAT },
  "with no schema behind": { wrap: (payload: string) => `{"payload":${payload},"schema":null}`, format: FORMAT },
};

for (const [form, { wrap, format }] of Object.entries(FORMS)) {
  Deno.test(`Decoder.details() reads the row before a change as decode() reads rows, ${form}`, () => {
    const { decode, details } = decoder(format);
    const created = decode({ key: '{"id":7}', value: wrap(envelope("c")) });
    const { before, transaction } = details({ key: '{"id":1}', value: wrap(envelope("d")) });
    const shown = (row: unknown) => row && Object.entries(row).map(([name, value]) => [name, String(value)]);
    const expected = [["id", "7"], ["price", "95.78"], ["at", "1718447696120000"], ["from", "3600000000"]];
    assertEquals(created.kind === "upsert" && shown(created.row), expected);
    assertEquals([shown(before), transaction], [expected, "771"]);
  });
  Deno.test(`createDecoder() makes one key of every form, ${form}`, () => {
    const row = z.object({ at: timestamp(), name: z.string() });
    const { keyOf } = createDecoder({ source: "things", key: ["at"], row, ...(format && { format }) });
    const field = '{"type":"int64","name":"org.apache.kafka.connect.data.Timestamp","field":"at"}';
    const key = wrap('{"at":1718447696120}').replace(SCHEMA, `{"type":"struct","fields":[${field}],"name":"shop.Key"}`);
    assertEquals(keyOf(key), 1_718_447_696_120_000);
  });
}

Deno.test("Decoder.details() says nothing of what it cannot read", () => {
  const { details } = decoder(undefined);
  for (const value of [null, "", "null", "7", '"text"', "[]", '{"before":7}', '{"schema":null,"payload":null}']) {
    assertEquals(
      details({ key: null, value }),
      { before: null, transaction: null, op: null, sourceUs: null },
      String(value),
    );
  }
});
