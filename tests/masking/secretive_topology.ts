import { z } from "zod";
import {
  clickhouse,
  clickhouseAppend,
  count,
  debezium,
  events,
  type KTable,
  max,
  type RowOf,
  type Topology,
  topology,
  type TopologyBuilder,
} from "../../src/mod.ts";
import type { Choices } from "./random_of.ts";

/** What every masked value begins with, and nothing else has in it. */
export const SECRET = "s3cr3t";

export const USERS = "t.public.users";
export const ORDERS = "t.public.orders";
export const LOGINS = "t.logins";

// deno-lint-ignore no-explicit-any -- operators are put together at random
type Any = any;
type Table = KTable<Any, Any>;

/** A topology whose sources have masked columns, and whose callbacks do with them what they must not, by a seed. */
export function secretiveTopology(random: Choices): Topology {
  const keyed = random.chance();
  const users = debezium(USERS, {
    key: [keyed ? "email" : "id"],
    row: z.object({ id: z.int(), email: z.string(), city: z.string() }),
    mask: ["email"],
  });
  const orders = debezium(ORDERS, {
    key: ["id"],
    row: z.object({ id: z.int(), user: z.string(), total: z.int(), note: z.string().refine((note) => note !== "bad") }),
    mask: ["note", "user"],
  });
  const logins = events(LOGINS, {
    row: z.object({ page: z.string(), email: z.string() }),
    mask: ["email"],
    maskKey: true,
  });
  return topology("secretive", (builder) => {
    const whole = random.chance() ? builder.globalTable(users) : builder.table(users);
    const placed = builder.table(orders).leftJoin(
      "buyer",
      whole as never,
      ((order: Any) => keyed ? order.user : order.total) as never,
    ) as Table;
    // Nobody has said that these keys are masked, though a masked column is looked up by them.
    const codes = debezium("t.public.codes", { key: ["code"], row: z.object({ code: z.string() }) });
    const coded = placed.leftJoin(
      "code",
      builder.table(codes) as never,
      ((order: Any) => order.note) as never,
    ) as Table;
    const table = randomly(coded, random);
    table.mapValues((row: RowOf) => ({ id: Number(row.id ?? 0), told: JSON.stringify(row) }))
      .to(clickhouse("told", { key: ["id"], columns: { id: "Int64", told: "String" } }) as never);
    (builder.table(orders) as Table).groupBy((order: RowOf) => ({ note: order.note }))
      .aggregate("by-note", { orders: count(), last: max((order: Any) => order.total) } as never)
      .to(
        clickhouse("by_note", { key: ["note"], columns: { note: "String", orders: "UInt64", last: "Int64" } }) as never,
      );
    (builder.table(orders) as Table).selectKey("by-user", (order: RowOf) => ({ user: order.user }))
      .to(clickhouse("by_user", { key: ["user"], columns: { user: "String", note: "String" } }) as never);
    eventsOf(builder, { logins, random });
  });
}

/** Some operators behind a table whose rows have an id. */
function randomly(table: Table, random: Choices): Table {
  let behind = table;
  for (let more = random.below(3); more > 0; more--) {
    switch (random.below(4)) {
      case 0:
        behind = behind.filter((row: RowOf) => throwing(row, random) && true);
        break;
      case 1:
        behind = behind.mapValues((row: RowOf) => ({ ...row, [`of ${row.note}`]: 1, copied: row.note }));
        break;
      case 2:
        behind = behind.mapValues((row: RowOf) => ({ ...row, again: { note: [row.note] } })).unmask("total");
        break;
      default:
        behind = behind.expireAfter(() => null, { days: 1 });
    }
  }
  return behind.filter((row: RowOf) => throwing(row, random));
}

/** Throws for some rows, with all that they hold. */
function throwing(row: RowOf, random: Choices): boolean {
  if (Number(row.id) % 5 === random.seed % 5) throw new TypeError(`${JSON.stringify(row)}\n    at ${row.note}:1:1`);
  return true;
}

function eventsOf(builder: TopologyBuilder, { logins, random }: { readonly logins: Any; readonly random: Choices }) {
  const stream = builder.stream(logins as never) as Any;
  stream.filter((login: RowOf) => {
    if (login.page === "/throw") throw new TypeError(`no ${login.email}`);
    return true;
  }).to(clickhouseAppend("logins", { columns: { page: "String", email: "String" }, orderBy: ["page"] }) as never);
  stream.groupBy((login: RowOf) => ({ email: login.email })).aggregate("per-email", { logins: count() })
    .to(clickhouse("per_email", { key: ["email"], columns: { email: "String", logins: "UInt64" } }) as never);
  if (random.chance()) builder.toStream((builder as Any).table(userChanges())).forEach(() => {});
}

function userChanges() {
  return debezium("t.public.others", {
    key: ["email"],
    row: z.object({ email: z.string(), city: z.string() }),
    mask: ["email"],
  });
}
