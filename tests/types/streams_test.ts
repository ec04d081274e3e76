import { assertEquals } from "@std/assert";
import { z } from "zod";
import { clickhouseAppend, debezium, events, int8, topic, type TopologyBuilder } from "../../src/mod.ts";

const clicks = events("clicks", {
  key: int8(),
  row: z.object({ user_id: int8(), url: z.string(), ms: z.number() }),
  time: ({ ms }) => ms * 1_000,
});
const users = debezium("users", { key: ["id"], row: z.object({ id: int8(), country: z.string() }) });
const views = clickhouseAppend("views", { columns: { url: "String", country: "String" }, orderBy: ["url"] });

/** What the compiler says of it is what is tested. */
function declared(declare: (builder: TopologyBuilder) => void): void {
  assertEquals(typeof declare, "function");
}

Deno.test("callbacks of streams see the value, the key and the metadata in their types", () => {
  declared((builder) => {
    builder.stream(clicks)
      .filter(({ url }, key, { timestampUs }) => url !== "" && key !== null && timestampUs > 0)
      .selectKey(({ url }) => url)
      .map((value, key) => [key.length, { ...value, at: "x" }])
      .flatMapValues((value, key) => [`${value.at} ${key.toFixed()}`])
      // @ts-expect-error -- a text has no such property
      .filter((text) => text.url !== "");
    // @ts-expect-error -- the key may be null
    builder.stream(clicks).filter((_, key) => key > 1);
    // @ts-expect-error -- others are given the event, too
    builder.stream(clicks).peek((click) => click.ms = 0);
    // @ts-expect-error -- the same where it is grouped
    builder.stream(clicks).groupBy((click) => ({ user_id: click.user_id++ }));
  });
});

Deno.test("records without a value are events of null only if that is declared", () => {
  declared((builder) => {
    const may = events("may", { text: true, nullValues: true, time: (text) => text === null ? 0 : text.length });
    builder.stream(may).mapValues((text) => text?.length ?? 0);
    // @ts-expect-error -- it may be null
    builder.stream(may).mapValues((text) => text.length);
    builder.stream(events("never", { text: true })).mapValues((text) => text.length);
  });
});

Deno.test("join() of a stream takes global tables, and gives a partner in its type", () => {
  declared((builder) => {
    const all = builder.stream(clicks);
    all.leftJoin("user", builder.globalTable(users), (click) => click.user_id)
      .mapValues(({ url, user }) => ({ url, country: user?.country ?? "" })).to(views);
    all.join("user", builder.globalTable(users), (click) => click.user_id)
      .mapValues(({ url, user }) => ({ url, country: user.country })).to(views);
    // @ts-expect-error -- the partner may be null
    all.leftJoin("user", builder.globalTable(users), ({ user_id }) => user_id).mapValues(({ user }) => user.country);
    // @ts-expect-error -- a text is no key of this table
    all.join("user", builder.globalTable(users), (click) => click.url);
    // @ts-expect-error -- an inner join takes no null
    all.join("user", builder.globalTable(users), (click) => click.user_id === 0 ? null : click.user_id);
  });
});

Deno.test("to() of a stream refuses what does not fit, and sinks of the other kind", () => {
  declared((builder) => {
    // @ts-expect-error -- country is missing
    builder.stream(clicks).to(views);
    // @ts-expect-error -- a text is no row
    builder.stream(clicks).mapValues(({ url }) => url).to(views);
    // @ts-expect-error -- country is a number
    builder.stream(clicks).mapValues(({ url }) => ({ url, country: 1 })).to(views);
    // @ts-expect-error -- a table's rows change, which an append table cannot show
    builder.table(users).mapValues((user) => ({ url: "", country: user.country })).to(views);
  });
  // @ts-expect-error -- it is not among the columns
  clickhouseAppend("t", { columns: { a: "Int64" }, orderBy: ["b"] });
});

Deno.test("split() has the branches by name, and the rest", () => {
  declared((builder) => {
    const { local, rest } = builder.stream(clicks).split({ local: ({ url }) => url.startsWith("/") });
    local.merge(rest).mapValues(({ url }) => ({ url, country: "" })).to(views);
    // @ts-expect-error -- there is no such branch
    builder.stream(clicks).split({ local: () => true }).remote;
  });
});

Deno.test("a Debezium topic as a stream has changes, whose rows are there by their operation", () => {
  declared((builder) => {
    const changes = builder.stream(users);
    changes.flatMapValues((change) => change.op === "c" || change.op === "u" ? [change.after.country] : []);
    changes.mapValues(({ after }, key) => `${key?.id.toString()} ${after?.country}`);
    // @ts-expect-error -- a delete has no row after
    changes.mapValues(({ after }) => after.country);
    // @ts-expect-error -- without REPLICA IDENTITY FULL there is no row before
    changes.mapValues(({ before }) => before.country);
    // @ts-expect-error -- the key of a TRUNCATE is null
    changes.selectKey((_, key) => key.id);
    builder.stream(users, { replicaIdentity: "full", time: ({ before }) => before?.id === 1 ? 1 : 2 })
      .flatMapValues((change) => change.op === "u" ? [change.before.country === change.after.country] : []);
    // @ts-expect-error -- no such operation
    changes.filter(({ op }) => op === "x");
    // @ts-expect-error -- events declare where they begin
    builder.stream(clicks, { from: "latest" });
  });
});

Deno.test("topics of bytes have bytes, and keys as they are declared", () => {
  declared((builder) => {
    builder.stream(events("raw", { bytes: true, key: "bytes" })).mapValues((value, key) =>
      value.byteLength + (key?.byteLength ?? 0)
    );
    builder.stream(events("raw2", { bytes: true })).mapValues((_, key) => key?.toUpperCase());
    builder.stream(events("raw3", { text: true, key: z.object({ id: int8() }) })).mapValues((_, key) => key?.id);
    // @ts-expect-error -- bytes are no text
    builder.stream(events("raw4", { bytes: true })).mapValues((value) => value.toUpperCase());
  });
});

Deno.test("repartition() keeps the key, which is not null any more, or has that of its columns", () => {
  declared((builder) => {
    const all = builder.stream(clicks);
    all.repartition("same").mapValues(({ url }, key) => url + key.toString());
    all.repartition("url", { on: ({ url }) => ({ url }), partitions: 3 }).mapValues((_, { url }) => url.length);
    // @ts-expect-error -- a key has columns
    all.repartition("bare", { on: ({ url }) => url });
    // @ts-expect-error -- no such column
    all.repartition("colour", { on: ({ url }) => ({ url }) }).mapValues((_, { colour }) => colour);
  });
});

Deno.test("to() of a topic takes keys and values as they are declared", () => {
  declared((builder) => {
    const all = builder.stream(clicks);
    const rows = topic("rows", { row: z.object({ user_id: int8(), url: z.string() }), key: int8() });
    all.to(rows, { headers: ({ url }, key, { headers }) => ({ url, key: key?.toString(), trace: headers.trace }) });
    // @ts-expect-error -- url is missing
    all.mapValues(({ user_id }) => ({ user_id })).to(rows);
    // @ts-expect-error -- the key is no text
    all.to(topic("text_keys", { row: z.object({ url: z.string() }) }));
    all.selectKey(({ url }) => url).to(topic("any", {}));
    all.to(topic("json_keys", { key: "json" }));
    all.selectKey(() => null).mapValues(({ url }) => url).to(topic("texts", { value: "text" }));
    all.to(topic("once", { key: "json", guarantee: "exactly_once" }));
    // @ts-expect-error -- Kafka Streams' name of its second version
    topic("often", { guarantee: "exactly_once_v2" });
    // @ts-expect-error -- objects are no texts
    all.selectKey(() => null).to(topic("texts2", { value: "text" }));
    // @ts-expect-error -- headers are texts
    all.to(topic("json_keys2", { key: "json" }), { headers: ({ ms }) => ({ ms }) });
    // @ts-expect-error -- append tables have no headers
    all.mapValues(({ url }) => ({ url, country: "" })).to(views, { headers: () => ({}) });
  });
});
