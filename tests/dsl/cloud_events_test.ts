import { assert, assertEquals } from "@std/assert";
import { z } from "zod";
import { clickhouseAppend, cloudEvents, type Decimal, int8, numeric, topology } from "../../src/mod.ts";
import { eventReader } from "../../src/formats/event_reader.ts";
import { DeserializationError } from "../../src/record/errors.ts";
import { packHeaders, type RecordHeaders } from "../../src/record/headers.ts";
import { createTopologyTestDriver } from "../../src/testing/mod.ts";

const orders = cloudEvents("shop.orders", {
  data: z.object({ id: int8(), total: numeric(12, 2) }),
  extensions: z.object({ traceparent: z.string().optional() }),
});

/** The examples of the Kafka protocol binding, with data of the type above. */
const binary: RecordHeaders = {
  "content-type": "application/json; charset=utf-8",
  ce_specversion: "1.0",
  ce_type: "com.example.order",
  ce_source: "/mycontext/subcontext",
  ce_id: "1234-1234-1234",
  ce_time: "2026-04-05T03:56:24Z",
  ce_traceparent: "00-ab",
};
const structured = '{"specversion":"1.0","type":"com.example.order","source":"/mycontext","id":"5","subject":"a",' +
  '"data":{"id":9007199254740993,"total":0.10}}';
const timeUs = Date.UTC(2026, 3, 5, 3, 56, 24) * 1_000;

function read(value: string | null, headers: RecordHeaders = {}) {
  return eventReader(orders.spec).read({ key: null, value, headers: packHeaders(headers) });
}

function refusal(value: string | null, headers: RecordHeaders = {}): string {
  try {
    return `read: ${read(value, headers).kind}`;
  } catch (error) {
    assert(error instanceof DeserializationError, `${error}`);
    return `${error.reason}: ${error.message}`;
  }
}

Deno.test("cloudEvents() reads binary and structured mode into one form, with all digits", () => {
  const [first, second] = [
    read('{"id":9007199254740993,"total":19.90}', binary),
    read(structured, { "content-type": "application/cloudevents+json" }),
  ];
  assert(first.kind === "event" && second.kind === "event");
  const plain = ({ data, ...attributes }: Record<string, unknown>) => {
    const { id, total } = data as { id: unknown; total: Decimal };
    return { ...attributes, id: attributes.id, data: [id, String(total)] };
  };
  assertEquals(plain(first.value as Record<string, unknown>), {
    ...{ traceparent: "00-ab", id: "1234-1234-1234", source: "/mycontext/subcontext", type: "com.example.order" },
    ...{ specversion: "1.0", subject: null, time: timeUs, data: [9007199254740993n, "19.90"] },
  });
  assertEquals(plain(second.value as Record<string, unknown>), {
    ...{ traceparent: undefined, id: "5", source: "/mycontext", type: "com.example.order", specversion: "1.0" },
    ...{ subject: "a", time: null, data: [9007199254740993n, "0.10"] },
  });
});

Deno.test("cloudEvents() refuses what is no event of JSON, with the reason", () => {
  const cases: readonly (readonly [string | null, RecordHeaders, string])[] = [
    ["[]", { "content-type": "application/cloudevents-batch+json" }, "not_an_event: "],
    ["x", { ...binary, "content-type": "application/xml" }, "not_an_event: "],
    ['{"id":1}', {}, "not_an_event: "],
    [null, {}, "not_an_event: "],
    ['{"specversion":"1.0","data_base64":"AA=="}', {}, "not_an_event: "],
    ["x", binary, "not_json: "],
    ['{"id":1}', binary, "wrong_type: "],
    ['{"id":1,"total":"1.00"}', { ...binary, ce_id: undefined }, "missing_column: "],
    [null, binary, "wrong_type: "],
  ];
  for (const [value, headers, expected] of cases) {
    const told = refusal(value, headers);
    assert(told.startsWith(expected), `${value}: ${told}`);
  }
});

Deno.test("cloudEvents() are events at their own time, and callbacks see their headers", async () => {
  const seen = clickhouseAppend("seen", {
    columns: { id: "Int64", type: "String", at: "Int64", trace: "String" },
    orderBy: ["id"],
  });
  const declared = topology("seen", (builder) => {
    builder.stream(orders)
      .mapValues(({ data, type }, _key, { timestampUs, headers }) => ({
        ...{ id: data.id, type, at: timestampUs, trace: headers.ce_traceparent ?? "" },
      }))
      .to(seen);
  });
  await using driver = createTopologyTestDriver(declared, { partitions: 2 });
  driver.send(orders, { value: '{"id":7,"total":1}', headers: binary, timestampMs: 5 });
  driver.send(orders, { value: structured, timestampMs: 5 });
  await driver.settle();
  assertEquals(
    driver.appended(seen).map(({ id, type, at, trace }) => `${id} ${type} ${at} ${trace}`).sort(),
    [`7 com.example.order ${timeUs} 00-ab`, "9007199254740993 com.example.order 5000 "],
  );
});
