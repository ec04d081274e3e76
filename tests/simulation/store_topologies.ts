import { declareStages, declareVisits } from "./events.ts";
import { declareKeys } from "./keys.ts";
import { sourcesOf } from "./source_records.ts";
import { declareChanges } from "./table_changes.ts";
import { TABLE_TOPICS } from "./table_topics.ts";
import {
  argMin,
  clickhouse,
  count,
  countDistinct,
  custom,
  max,
  min,
  sum,
  topN,
  type Topology,
  topology,
} from "../../src/mod.ts";

const AGE = { seconds: 60 };
const LINE_AGE = { seconds: 40 };
/** After so long every order has grown old that is there now, but those that never do. Milliseconds. */
export const AGED_MS = 240_000;

/** Where columns are narrow, facts of a greater quantity have a total of which not even a share can be written. */
const LONG_FROM = 100;
const LONG = 10n ** 40n;

/** Columns of the sinks whose values and totals may not fit, if they are narrow. */
function sinksOf({ narrow }: Shape) {
  const amount = narrow ? "Int8" as const : "Int64" as const;
  return {
    facts: clickhouse("facts", {
      key: ["id"],
      columns: {
        id: "Int64",
        st: "Nullable(String)",
        c: "Nullable(String)",
        sl: "Int64",
        n: "Nullable(String)",
        s: "Int64",
        q: amount,
      },
    }),
    shares: clickhouse("shares", {
      key: ["sl"],
      columns: {
        sl: "Int64",
        n: "UInt64",
        s: amount,
        least: "Int64",
        most: amount,
        ...(narrow ? { long: "Int64" as const } : {}),
      },
    }),
    kinds: clickhouse("kinds", {
      key: ["sl"],
      columns: { sl: "Int64", statuses: "UInt64", least: "Int64", spread: "Int64" },
    }),
    totals: clickhouse("totals", { key: ["st"], columns: { st: "String", n: "UInt64", s: amount } }),
    people: clickhouse("people", { key: ["id"], columns: { id: "Int64", c: "String", orders: "Int64" } }),
    names: clickhouse("names", {
      key: ["id"],
      columns: {
        id: "Int64",
        facts: "Int64",
        last: "Nullable(String)",
        sellers: "Int64",
        dearest: "Array(Int64)",
      },
    }),
  };
}

interface Fact {
  readonly id: number;
  readonly st: string | null;
  readonly q: number;
}

/** Totals that no view can make, of each of the ways in which merge tasks are told of them. */
const KINDS = {
  statuses: countDistinct((fact: Fact) => fact.st),
  least: argMin((fact: Fact) => fact.q, (fact) => fact.id),
  spread: custom({
    value: (fact: Fact) => fact.q,
    empty: () => ({ n: 0, q: 0, squares: 0 }),
    add: ({ n, q, squares }, more) => ({ n: n + 1, q: q + more, squares: squares + more ** 2 }),
    subtract: ({ n, q, squares }, less) => ({ n: n - 1, q: q - less, squares: squares - less ** 2 }),
    merge: (a, b) => ({ n: a.n + b.n, q: a.q + b.q, squares: a.squares + b.squares }),
    result: ({ n, q, squares }) => n * squares - q ** 2,
  }),
};

/** Which of the shapes a seed runs. */
export interface Shape {
  /** Lines without a partner are shown with nulls. */
  readonly left: boolean;
  /** The orders' home joins the users, and serves the joined rows. */
  readonly derived: boolean;
  /** Totals by a text are looked up by that text. */
  readonly named: boolean;
  /** Orders grow old, and lines a little before theirs. */
  readonly expires: boolean;
  /** Columns in which not every value and total fits. */
  readonly narrow: boolean;
  /** There are events, too. */
  readonly events: boolean;
  /** The stream's events are counted, too. */
  readonly stages: boolean;
  /** Events are written to topics in transactions, too. */
  readonly once: boolean;
  /** Tables under keys of their own. */
  readonly keys: boolean;
  /** Tables are written to topics, too. */
  readonly topics: boolean;
  /** Changes of tables are streams. */
  readonly changes: boolean;
  /** Some sources are topics of plain JSON. */
  readonly json: boolean;
}

/**
 * Joins of every kind, several levels deep, with an aggregate written directly, one used further, and that one joined
 * again.
 */
export function storeTopology(shape: Shape): Topology {
  const [sinks, { lines, orders, users, goods, makers }] = [sinksOf(shape), sourcesOf(shape)];
  return topology("sim", (builder) => {
    if (shape.events) declareVisits(builder, shape);
    if (shape.stages) declareStages(builder, { people: builder.table(users), shape });
    const catalogue = builder.globalTable(goods).leftJoin("maker", builder.globalTable(makers), (good) => good.sl);
    const people = builder.table(users);
    const all = builder.table(orders);
    const recent = shape.expires ? all.expireAfter("t", AGE) : all;
    const plain = recent.filter((order) => order.st !== "s0");
    const withUser = shape.derived
      ? plain.leftJoin("buyer", people, (order) => order.u)
      : plain.mapValues((o) => ({ ...o, buyer: null }));
    const items = builder.table(lines);
    const joined = shape.left
      ? items.leftJoin("order", withUser, (line) => line.o)
      : items.join("order", withUser, (line) => line.o ?? -1);
    const young = shape.expires ? joined.expireAfter((line) => line.order?.t ?? null, LINE_AGE) : joined;
    const full = young
      .leftJoin("user", people, (line) => shape.derived ? null : line.order?.u ?? null)
      .join("good", catalogue, (line) => line.g);
    const facts = full.mapValues((line) => ({
      id: line.id,
      st: line.order?.st ?? null,
      c: line.user?.c ?? line.order?.buyer?.c ?? null,
      sl: line.good.sl,
      n: line.good.maker?.n ?? null,
      s: line.q * line.good.pr,
      q: line.q,
    }));
    facts.to(sinks.facts);
    facts.groupBy((fact) => ({ sl: fact.sl }))
      .aggregate("shares", {
        n: count(),
        s: sum((f) => f.s),
        least: min((f) => f.q),
        most: max((f) => f.q),
        ...(shape.narrow ? { long: sum((f) => f.q > LONG_FROM ? LONG : f.q) } : {}),
      })
      .to(sinks.shares);
    const totals = facts.groupBy((fact) => fact.st === null ? null : { st: fact.st })
      .aggregate("totals", { n: count(), s: sum((f) => f.s) })
      .filter((total) => total.s > 3);
    totals.to(sinks.totals);
    if (shape.topics) facts.to(TABLE_TOPICS.facts);
    if (shape.topics) totals.to(TABLE_TOPICS.totals);
    if (shape.changes) declareChanges(builder, [facts, totals, plain]);
    facts.groupBy((fact) => ({ sl: fact.sl })).aggregate("kinds", KINDS).to(sinks.kinds);
    const perUser = recent.groupBy((order) => order.u === null ? null : { u: order.u }).aggregate(
      "per-user",
      { orders: count() },
    );
    people
      .leftJoin("stats", perUser, (user) => user.id)
      .mapValues((user) => ({ id: user.id, c: user.c, orders: user.stats?.orders ?? 0 }))
      .to(sinks.people);
    if (shape.keys) declareKeys({ orders: recent, lines: items, goods: catalogue });
    if (!shape.named) return;
    const perName = facts.groupBy((fact) => fact.c === null ? null : { c: fact.c }).aggregate("per-name", {
      facts: count(),
      last: max((fact) => fact.n),
      sellers: countDistinct((fact) => fact.sl),
      dearest: topN(2, { by: (fact) => fact.s, value: (fact) => fact.id }),
    });
    people
      .leftJoin("name", perName, (user) => user.c)
      .mapValues(({ id, name }) => ({ id, facts: 0, last: null, sellers: 0, dearest: [], ...name }))
      .to(sinks.names);
  });
}

/** The second topology of a process: of the global tables that it has in common with the first, it looks up both. */
export function twinTopology(shape: Pick<Shape, "json">): Topology {
  const { lines, users, goods, makers } = sourcesOf(shape);
  return topology("twin", (builder) => {
    const known = builder.globalTable(makers);
    const catalogue = builder.globalTable(goods).leftJoin("maker", known, (good) => good.sl);
    builder.table(lines)
      .join("good", catalogue, (line) => line.g)
      .mapValues(({ id, good }) => ({ id, pr: good.pr, n: good.maker?.n ?? null }))
      .to(clickhouse("priced", { key: ["id"], columns: { id: "Int64", pr: "Int64", n: "Nullable(String)" } }));
    builder.table(users)
      .leftJoin("maker", known, (user) => user.id)
      .mapValues(({ id, maker }) => ({ id, n: maker?.n ?? null }))
      .to(clickhouse("namesakes", { key: ["id"], columns: { id: "Int64", n: "Nullable(String)" } }));
  });
}
