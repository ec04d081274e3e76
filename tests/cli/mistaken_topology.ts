const MOD = new URL("../../src/mod.ts", import.meta.url).href;

/** Parts of {@link topologyText} that a mistake changes: expressions as text. */
export interface Parts {
  /** Schema of the users' rows. */
  readonly users: string;
  /** What is done to the table of users before it is mapped: `.pick("email")`. */
  readonly picked: string;
  /** What is done to it then: `.filter(() => false)`. */
  readonly where: string;
  /** What a user becomes. */
  readonly user: string;
  readonly columns: string;
  readonly key: string;
  readonly rows: string;
  /** The user of an order. */
  readonly foreignKey: string;
  /** What orders are grouped by. */
  readonly group: string;
  readonly totals: string;
  readonly name: string;
  /** Text at the end of the file. */
  readonly more: string;
}

/**
 * A topology file over the demo store: users as rows, and orders joined with their users and counted by user, with
 * nothing that types could find wrong. `name` names the topology and its sinks.
 */
export function topologyText(name: string, changed: Partial<Parts> = {}): string {
  const parts: Parts = {
    users: "{ id: int8(), email: z.string(), phone: z.string().nullable() }",
    picked: "",
    where: "",
    user: "{ id: user.id, email: user.email, level: 1 }",
    columns: '{ id: "Int64", email: "String", level: "UInt8" }',
    key: '"id"',
    rows: `${name}_rows`,
    foreignKey: "order.user_id",
    group: "{ user_id: order.user_id }",
    totals: "{ orders: count() }",
    name,
    more: "",
    ...changed,
  };
  return `// deno-lint-ignore-file
import { clickhouse, count, debezium, int8, sum, float8, topology } from "${MOD}";
import { z } from "${import.meta.resolve("zod")}";
const any = (value: unknown): any => value;
const users = debezium("online_store.public.users", { key: ["id"], row: z.object(any(${parts.users})) });
const row = z.object({ id: int8(), user_id: int8(), status: z.string() });
const orders = debezium("online_store.public.orders", { key: ["id"], row });
const rows = any(clickhouse("${parts.rows}", { key: [${parts.key}], columns: ${parts.columns} } as any));
const totals = any(clickhouse("${name}_totals", { key: ["user_id"], columns: { user_id: "Int64", orders: "UInt64" } }));
export default topology("${parts.name}", (builder) => {
  any(builder.table(any(users)${parts.picked}))${parts.where}.mapValues((user: any) => (${parts.user})).to(rows);
  any(builder.table(orders)).join("user", builder.globalTable(any(users)), (order: any) => ${parts.foreignKey})
    .groupBy((order: any) => (${parts.group})).aggregate("${name}-per-user", ${parts.totals}).to(totals);
});
${parts.more}
`;
}
