import { assert, assertEquals } from "@std/assert";
import { z } from "zod";
import { proofMask } from "../../../src/cli/proof/masked_proof.ts";
import type { SinkProof } from "../../../src/cli/proof/proof_report.ts";
import { provedAppends } from "../../../src/cli/proof/proved_appends.ts";
import { clickhouseAppend, debezium, events, topology } from "../../../src/mod.ts";
import { NOTHING_OPEN } from "./nothing_open.ts";

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
  const { appends, appendsLeftOut } = provedAppends(streams, { withheld: null });
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
  const { appends, appendsLeftOut } = provedAppends(streams, { withheld: "they are hidden" });
  assertEquals(appends, []);
  assert(/they are hidden/.test(appendsLeftOut.find(({ sink }) => sink === "whole")!.reason));
});

Deno.test("proofMask() hides the masked columns of an append table, and not which record a row is of", () => {
  const logins = events("shop.logins", { row: z.object({ n: z.int(), email: z.string() }), mask: ["email"] });
  const seen = clickhouseAppend("logins", { columns: { n: "Int64", email: "String" }, orderBy: ["n"] });
  const masked = topology("masked", (builder) => builder.stream(logins).to(seen));
  const key = { _source: "shop.logins", _partition: "0", _offset: "7", _index: "0" };
  const columns = ["n", "email"].map((name) => ({ name, expected: "a", actual: "b" }));
  const since = "2026-01-31T10:00:00.000Z";
  const sink: SinkProof = {
    ...{ topology: "masked", sink: "logins", how: "ranges", rows: 7, checked: since, roundMs: 5, compared: 0 },
    ...{ differing: 1, ...NOTHING_OPEN },
    keys: [{ key, explain: null, kind: "different", columns, since }],
  };
  const [{ keys: [shown] }] = proofMask([masked])({ sinks: [sink], leftOut: [] }).sinks;
  assertEquals(shown.key, key);
  assertEquals(shown.columns.map(({ actual }) => actual), ["b", "(masked)"]);
});
