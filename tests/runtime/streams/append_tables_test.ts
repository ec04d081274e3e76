import { assertEquals } from "@std/assert";
import { z } from "zod";
import { clickhouseAppend, events, int8, topology } from "../../../src/mod.ts";
import { compile } from "../../../src/plan/compile.ts";
import { Problems } from "../../../src/runtime/problems.ts";
import type { Ports } from "../../../src/runtime/ports.ts";
import { ensureAppendTables } from "../../../src/runtime/streams/append_tables.ts";

Deno.test("ensureAppendTables() makes the tables of streams and of what is made of stages, each once", async () => {
  const source = (name: string) => events(`shop.${name}`, { row: z.object({ id: int8() }) });
  const sink = (name: string) => clickhouseAppend(name, { columns: { id: "Int64" }, orderBy: ["id"] });
  const joined = topology("joined", (builder) => {
    const left = builder.stream(source("left"));
    left.to(sink("events"));
    left.join("right", builder.stream(source("right")), {
      on: [({ id }) => ({ id }), ({ id }) => ({ id })],
      within: { minutes: 1 },
    }).to(sink("pairs"));
  });
  const made: string[] = [];
  const ports = {
    warehouse: {
      ensureAppend({ name }: { readonly name: string }) {
        made.push(name);
        return Promise.resolve({ created: true, added: [] });
      },
    },
  } as unknown as Ports;
  await ensureAppendTables(compile(joined), { ports, problems: new Problems(() => {}), stopped: () => false });
  assertEquals(made.sort(), ["events", "pairs"]);
});
