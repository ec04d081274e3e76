import { assertEquals } from "@std/assert";
import { z } from "zod";
import {
  clickhouse,
  count,
  debezium,
  events,
  sum,
  type Topology,
  topology,
  type TopologyBuilder,
} from "../../src/mod.ts";
import { maskedTables, masksOf } from "../../src/plan/masks.ts";
import type { Mask } from "../../src/record/mask.ts";
import { hidesAnything, MASKED, masked, maskedRow, maskOf } from "../../src/record/mask.ts";

const users = debezium("t.public.users", {
  key: ["id"],
  row: z.object({ id: z.int(), email: z.string(), age: z.int() }),
  mask: ["email"],
});
const orders = debezium("t.public.orders", {
  key: ["id"],
  row: z.object({ id: z.int(), user_id: z.int(), total: z.int() }),
});
const logins = events("t.logins", { row: z.object({ email: z.string(), page: z.string() }), mask: ["email"] });
const any = clickhouse("shown", { key: ["id"], columns: { id: "Int64" } });

function declared(declare: (builder: TopologyBuilder) => void): Topology {
  return topology("masks", declare);
}

/** The last operator before the sink. */
function rowMask(of: Topology): Mask {
  return masksOf(of)!.tables.at(-1)!.row;
}

function hidden(mask: Mask, columns: readonly string[]): string[] {
  return columns.filter((column) => hidesAnything(maskOf(mask, column)));
}

Deno.test("masksOf() follows columns through what moves them", () => {
  const joined = declared((builder) => {
    builder.table(orders).filter(() => true).join("user", builder.table(users), (order) => order.user_id).to(any);
  });
  assertEquals(hidden(rowMask(joined), ["id", "user_id", "total", "user"]), ["user"]);
  assertEquals(hidden(maskOf(rowMask(joined), "user"), ["id", "email", "age"]), ["email"]);
  const key = debezium("t.public.users", { key: ["email"], row: z.object({ email: z.string() }), mask: ["email"] });
  const byEmail = declared((builder) => {
    builder.table(key).to(clickhouse("mails", { key: ["email"], columns: { email: "String" } }));
  });
  assertEquals(hidden(masksOf(byEmail)!.tables[0].key, ["email"]), ["email"]);
});

Deno.test("masksOf() hides what a callback makes of masked columns, but for those that are unmasked", () => {
  const mapped = (columns: readonly ("id" | "domain")[]) =>
    declared((builder) => {
      const made = builder.table(users).mapValues(({ id, email }) => ({ id, domain: email.split("@")[1] }));
      made.unmask(...columns).to(any);
    });
  assertEquals(hidden(rowMask(mapped([])), ["id", "domain"]), ["id", "domain"]);
  assertEquals(hidden(rowMask(mapped(["id"])), ["id", "domain"]), ["domain"]);
  const totals = declared((builder) => {
    builder.table(users).groupBy(({ age }) => ({ age })).aggregate("ages", { users: count(), ages: sum((u) => u.age) })
      .to(clickhouse("ages", { key: ["age"], columns: { age: "Int64", users: "UInt64", ages: "Int64" } }));
  });
  assertEquals(hidden(rowMask(totals), ["age", "users", "ages"]), ["age", "ages"], "a number of rows tells nothing");
  assertEquals([...maskedTables(totals)], [["ages", {
    declared: ["age", "users", "ages"],
    columns: ["age", "ages"],
    key: true,
  }]]);
});

Deno.test("masksOf() is null where nothing is masked, and hides nothing of other sources", () => {
  assertEquals(masksOf(declared((builder) => builder.table(orders).to(any))), null);
  const both = declared((builder) => {
    builder.table(orders).mapValues((order) => ({ ...order })).to(any);
    builder.table(users.pick("id", "age")).to(clickhouse("others", { key: ["id"], columns: { id: "Int64" } }));
  });
  assertEquals(masksOf(both)!.tables.map(({ row }) => hidden(row, ["id", "user_id", "total"])), [[], [], [], [], []]);
});

Deno.test("masksOf() follows events, their keys and the changes of tables", () => {
  const of = declared((builder) => {
    const stream = builder.stream(logins);
    stream.filter(() => true).forEach(() => {});
    stream.map((login, key) => [login.page, key] as const).forEach(() => {});
    builder.stream(users).forEach(() => {});
    builder.toStream(builder.table(users)).forEach(() => {});
  });
  const byName = new Map(of.streams.map(({ name, id }) => [name, masksOf(of)!.streams[id]]));
  const columns = ["email", "page"];
  assertEquals(hidden(byName.get("logins.filter")!.row, columns), ["email"]);
  assertEquals(hidden(byName.get("logins.map")!.row, columns), columns);
  assertEquals(hidesAnything(byName.get("logins")!.key), false);
  const change = byName.get("users")!.row;
  assertEquals(["before", "after", "op"].map((part) => hidden(maskOf(change, part), ["id", "email"])), [
    ["email"],
    ["email"],
    [],
  ]);
  assertEquals(hidden(byName.get("users-changes")!.row, ["id", "email"]), ["email"]);
  assertEquals(byName.get("users.rows")!.row.others, true, "what tasks tell each other is the row as a text");
});

Deno.test("masked() hides values, the names that nobody declared, and what has another form than expected", () => {
  const mask: Mask = { others: false, columns: new Map([["email", { others: true, columns: new Map() }]]) };
  assertEquals(masked({ id: 1, email: "a" }, mask), { id: 1, email: MASKED });
  assertEquals(masked([{ email: "a" }, null], mask), [{ email: MASKED }, null]);
  assertEquals(masked("a", mask), MASKED);
  const made: Mask = { others: true, columns: new Map([["id", { others: false, columns: new Map() }]]) };
  assertEquals(maskedRow({ id: 1, "a@b": 2 }, made), { id: 1, [MASKED]: MASKED } as never);
  assertEquals(masked({ "a@b": 2 }, { others: true, columns: new Map() }), MASKED);
});
