import { assert, assertEquals } from "@std/assert";
import { z } from "zod";
import { provedAppends } from "../../../src/cli/proof/proved_appends.ts";
import { clickhouseAppend, debezium, events, topology } from "../../../src/mod.ts";

const row = z.object({ n: z.int() });
const all = events("shop.all", { row });
const newest = events("shop.newest", { row, from: "latest" });
const once = events("shop.once", { row, repeats: "drop" });
const names = debezium("shop.public.names", { key: ["n"], row: z.object({ n: z.int(), name: z.string() }) });
const columns = { n: "Int64" } as const;
const sink = (name: string) => clickhouseAppend(name, { columns, orderBy: ["n"] });

const streams = topology("streams", (builder) => {
  const stream = builder.stream(all);
  stream.filter(({ n }) => n > 0).to(sink("whole"));
  stream.merge(builder.stream(newest)).to(sink("since"));
  builder.stream(once).to(sink("dropping"));
  stream.to(clickhouseAppend("expiring", { columns, orderBy: ["n"], ttl: "toDateTime(n) + INTERVAL 1 DAY" }));
  stream.join("name", builder.globalTable(names), ({ n }) => n).to(sink("looked_up"));
});

Deno.test("provedAppends() takes what each record alone makes, and says of everything else why not", () => {
  const { appends, appendsLeftOut } = provedAppends(streams, { reachable: true });
  assertEquals(appends.map(({ name }) => name), ["whole"]);
  const reasons = Object.fromEntries(appendsLeftOut.map(({ sink, reason }) => [sink, reason]));
  const expected: Record<string, RegExp> = {
    since: /with which record of "shop.newest" it has begun/,
    dropping: /records of "shop.once" are repeats/,
    expiring: /\(ttl\)/,
    looked_up: /depend on what was there/,
  };
  assertEquals(Object.keys(reasons).sort(), Object.keys(expected).sort());
  for (const [name, reason] of Object.entries(expected)) assert(reason.test(reasons[name]), reasons[name]);
});

Deno.test("provedAppends() leaves all out where nobody can read the log", () => {
  const { appends, appendsLeftOut } = provedAppends(streams, { reachable: false });
  assertEquals(appends, []);
  assert(/deno task prove is no client of Kafka/.test(appendsLeftOut.find(({ sink }) => sink === "whole")!.reason));
});
