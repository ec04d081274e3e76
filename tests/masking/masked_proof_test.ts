import { assert, assertEquals } from "@std/assert";
import { proofMask } from "../../src/cli/proof/masked_proof.ts";
import type { ProofReport } from "../../src/cli/proof/proof_report.ts";
import { clickhouse, debezium, int8, topology } from "../../src/mod.ts";
import { z } from "zod";
import { NOTHING_OPEN } from "../cli/proof/nothing_open.ts";

const row = z.object({ id: int8(), email: z.string(), name: z.string() });
const byId = clickhouse("people", { key: ["id"], columns: { id: "Int64", email: "String", name: "String" } });
const byMail = clickhouse("mails", { key: ["email"], columns: { email: "String", id: "Int64" } });

const people = topology("people", (builder) => {
  const table = builder.table(debezium("shop.people", { key: ["id"], row, mask: ["email"] }));
  table.to(byId);
  table.selectKey("by-mail", (person) => ({ email: person.email })).to(byMail);
});

function reportOf([topology, sink]: readonly [string, string], key: Readonly<Record<string, string>>): ProofReport {
  const columns = [
    { name: "email", expected: "secret@a", actual: "secret@b" },
    { name: "name", expected: "Ada", actual: "Bob" },
  ];
  const explain = JSON.stringify(Object.values(key));
  const figures = { how: "ranges", rows: 1, checked: null, roundMs: null, compared: 1, differing: 1 } as const;
  const keys = [{ key, explain, kind: "different", columns, since: "2026-01-01T00:00:00Z" }] as const;
  return {
    sinks: [{ topology, sink, ...figures, ...NOTHING_OPEN, keys }],
    leftOut: [],
  };
}

Deno.test("keys that differ are told without what is masked", async (t) => {
  const mask = proofMask([people]);
  await t.step("a masked column beside others", () => {
    const [{ keys: [{ key, explain, columns }] }] = mask(reportOf(["people", "people"], { id: "7" })).sinks;
    assertEquals([key, explain], [{ id: "7" }, '["7"]']);
    assertEquals(columns[1], { name: "name", expected: "Ada", actual: "Bob" });
    assert(!JSON.stringify(columns).includes("secret"), JSON.stringify(columns));
  });
  await t.step("a masked key, which cannot be explained from here", () => {
    const { sinks: [{ keys: [told] }] } = mask(reportOf(["people", "mails"], { email: "secret@a" }));
    assert(!JSON.stringify(told).includes("secret"), JSON.stringify(told));
    assertEquals([Object.keys(told.key), told.explain], [["email"], null]);
  });
  await t.step("a table that nobody knows", () => {
    const told = JSON.stringify(mask(reportOf(["people", "other"], { email: "secret@a" })));
    assert(!told.includes("secret") && !told.includes("Ada"), told);
  });
  await t.step("another topology, that masks nothing", () => {
    const report = reportOf(["else", "people"], { id: "7" });
    assertEquals(mask(report), report);
  });
});
