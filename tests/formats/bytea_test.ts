import { assert, assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { z } from "zod";
import { bytea, int8 } from "../../src/formats/columns.ts";
import { createDecoder } from "../../src/formats/decoder.ts";
import type { WireFormat } from "../../src/formats/key_form.ts";
import { DeserializationError } from "../../src/record/errors.ts";
import { clickhouse, debezium, topology } from "../../src/mod.ts";
import { createTopologyTestDriver } from "../../src/testing/mod.ts";
import { randomFrom } from "../record/support.ts";

const SEED = 20_261_129;

type Binary = NonNullable<WireFormat["binary"]>;

/** As Debezium writes bytes in each mode (`Base64.getEncoder`, `getUrlEncoder`, hexadecimal in lower case). */
const WRITTEN: Readonly<Record<Binary, (bytes: Uint8Array) => string>> = {
  bytes: (bytes) => bytes.toBase64(),
  base64: (bytes) => bytes.toBase64(),
  "base64-url-safe": (bytes) => bytes.toBase64({ alphabet: "base64url" }),
  hex: (bytes) => bytes.toHex(),
};
const MODES = Object.keys(WRITTEN) as Binary[];

const row = z.object({ id: int8(), data: bytea(), list: z.array(bytea().nullable()).nullable() });

function read(text: string, { format, type }: { readonly format?: WireFormat; readonly type?: string }): unknown[] {
  const { decode } = createDecoder({ source: "files", key: ["id"], row, format });
  const after = `{"id":1,"data":"${text}","list":["${text}",null]}`;
  const envelope = `{"before":null,"after":${after},"source":{},"op":"c"}`;
  const field = (name: string, inner: string) => `{${inner},"optional":true,"field":"${name}"}`;
  const fields = `${field("data", `"type":"${type}"`)},${
    field("list", `"type":"array","items":{"type":"${type}","optional":true}`)
  }`;
  const schema = `{"type":"struct","fields":[{"type":"struct","fields":[${fields}],"field":"after"},` +
    `{"type":"string","field":"op"}]}`;
  const value = type === undefined ? envelope : `{"schema":${schema},"payload":${envelope}}`;
  const decoded = decode({ key: '{"id":1}', value });
  assert(decoded.kind === "upsert");
  return [decoded.row.data, decoded.row.list];
}

function refusalOf(text: string, options: { readonly format?: WireFormat; readonly type?: string }): string {
  return assertThrows(() => read(text, options), DeserializationError).message;
}

Deno.test("bytea() reads every binary.handling.mode that is declared as the same base64", () => {
  const random = randomFrom(SEED);
  for (let round = 0; round < 500; round++) {
    const bytes = Uint8Array.from({ length: random(20) }, () => random(256));
    const expected = [bytes.toBase64(), [bytes.toBase64(), null]];
    for (const binary of MODES) {
      const text = WRITTEN[binary](bytes);
      const schemaType = binary === "bytes" ? "bytes" : "string";
      for (const type of [undefined, schemaType]) {
        assertEquals(read(text, { format: { binary }, type }), expected, `seed ${SEED}, ${binary}: ${text}`);
      }
    }
    // Connect's bytes need no declaration, and no declaration changes them.
    assertEquals(read(bytes.toBase64(), { type: "bytes" }), expected);
    assertEquals(read(bytes.toBase64(), { type: "bytes", format: { binary: "hex" } }), expected);
  }
});

Deno.test("bytea() never takes hexadecimal text for base64, and names the setting", () => {
  const random = randomFrom(SEED);
  for (let round = 0; round < 500; round++) {
    const hex = Uint8Array.from({ length: 1 + random(20) }, () => random(256)).toHex();
    for (const type of [undefined, "string"]) {
      const message = refusalOf(hex, { type });
      for (const part of [hex, 'format: { binary: "hex" }', "binary.handling.mode"]) {
        assertStringIncludes(message, part);
      }
      assertEquals(message.includes("or base64 of other bytes"), hex.length % 4 === 0, message);
    }
  }
  assertStringIncludes(refusalOf("-_8=", {}), 'format: { binary: "base64-url-safe" }');
  assertStringIncludes(refusalOf("3q2+7w==", { format: { binary: "hex" } }), "as binary.handling.mode=hex writes them");
  assertStringIncludes(refusalOf("é", {}), "z.string()");
});

Deno.test("bytea() keys are found in the partition where each mode's text lies", async () => {
  const bytes = Array.from({ length: 12 }, (_, index) => new Uint8Array([251, 255, index, 7 * index, 190]));
  const sink = clickhouse("names", { key: ["id"], columns: { id: "Int64", data: "String", name: "String" } });
  for (const binary of MODES) {
    const format = { binary };
    const files = debezium("shop.public.files", {
      key: ["data"],
      row: z.object({ data: bytea(), name: z.string() }),
      format,
    });
    const uses = debezium("shop.public.uses", { key: ["id"], row: z.object({ id: int8(), data: bytea() }), format });
    const built = topology("names", (b) => {
      b.table(uses).join("f", b.table(files), (use) => use.data)
        .mapValues((use) => ({ id: use.id, data: use.data, name: use.f.name })).to(sink);
    });
    await using driver = createTopologyTestDriver(built, { partitions: 5 });
    for (const [id, value] of bytes.entries()) {
      const data = JSON.stringify(WRITTEN[binary](value));
      const after = `{"data":${data},"name":"n${id}"}`;
      driver.raw(files, {
        key: `{"data":${data}}`,
        value: `{"before":null,"after":${after},"source":{},"op":"c"}`,
      });
      driver.insert(uses, { id, data: value.toBase64() });
    }
    await driver.settle();
    assertEquals(driver.deadLetters(), [], binary);
    assertEquals(
      driver.select(sink),
      bytes.map((value, id) => ({ id, data: value.toBase64(), name: `n${id}` })),
    );
  }
});

Deno.test("bytea() knows the placeholder of an unchanged value in every mode", () => {
  const placeholder = new TextEncoder().encode("__debezium_unavailable_value");
  for (const binary of MODES) {
    assertEquals(read(WRITTEN[binary](placeholder), { format: { binary } })[0], undefined);
  }
});
