import { assert } from "@std/assert";
import { z } from "zod";
import { int8 } from "../../src/formats/columns.ts";
import { createDecoder } from "../../src/formats/decoder.ts";
import { DeserializationError } from "../../src/record/errors.ts";
import { envelope } from "./support.ts";

/** A value as JSON text, and the Connect schema of its field, if one is attached. */
export interface Wire {
  readonly json: string;
  readonly field?: string;
}

/** The value that a column of `schema` has for a record with `wire`, or the error with which it is refused. */
export function valueOf(schema: z.ZodType, wire: string | Wire): unknown {
  const { json, field } = typeof wire === "string" ? { json: wire, field: undefined } : wire;
  const decoder = createDecoder({ source: "things", key: ["id"], row: z.object({ id: int8(), v: schema }) });
  const payload = envelope("c", `{"id":7,"v":${json}}`);
  const fields = `{"type":"int64","field":"id"},${field}`;
  const attached = `{"schema":{"type":"struct","fields":[{"type":"struct","fields":[${fields}],"field":"after"},` +
    `{"type":"string","field":"op"}]},"payload":${payload}}`;
  try {
    const decoded = decoder.decode({ key: '{"id":7}', value: field === undefined ? payload : attached });
    assert(decoded.kind === "upsert");
    return decoded.row.v;
  } catch (error) {
    assert(error instanceof DeserializationError, `${error}`);
    return error;
  }
}

/** The error with which a record with `wire` is refused. */
export function refusalOf(schema: z.ZodType, wire: string | Wire): DeserializationError {
  const value = valueOf(schema, wire);
  assert(value instanceof DeserializationError, `${JSON.stringify(wire)} is read as ${value}`);
  return value;
}
