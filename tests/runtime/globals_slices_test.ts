import { refusingNothing } from "../refusing_nothing.ts";
import { assert, assertEquals } from "@std/assert";
import { compile } from "../../src/plan/compile.ts";
import { Globals } from "../../src/runtime/globals/globals.ts";
import { SharedRows } from "../../src/state/shared_rows.ts";
import { NO_SLOT } from "../../src/state/slots.ts";
import { clickhouse, debezium, int8, topology } from "../../src/mod.ts";
import { z } from "zod";

const facts = debezium("d.public.facts", { key: ["id"], row: z.object({ id: int8(), setting_id: int8() }) });
const settings = debezium("d.public.settings", { key: ["id"], row: z.object({ id: int8(), kind_id: int8() }) });
const kinds = debezium("d.public.kinds", { key: ["id"], row: z.object({ id: int8(), name: z.string() }) });
const sink = clickhouse("facts", { key: ["id"], columns: { id: "Int64", kind: "String" } });

const plan = compile(
  topology("global_slices", (builder) => {
    const known = builder.globalTable(settings.pick("kind_id"))
      .join("kind", builder.globalTable(kinds.pick("name")), (setting) => setting.kind_id);
    builder.table(facts.pick("setting_id"))
      .join("setting", known, (fact) => fact.setting_id)
      .mapValues((fact) => ({ id: fact.id, kind: fact.setting.kind.name }))
      .to(sink);
  }),
  () => 1,
);

function openGlobals() {
  const looked = [...plan.tables, ...plan.globals].flatMap(({ lookups }) =>
    lookups.filter((lookup) => lookup.global).map((lookup) => [lookup.table, lookup.step] as const)
  );
  const globals = new Globals({
    tables: plan.globals,
    looked,
    refusals: refusingNothing,
    compileAfterRows: 100,
  });
  const told: unknown[] = [];
  const setting = plan.globals.find(({ name }) => name === "settings")!.index;
  globals.listen((table, step, key) => {
    const { find, read } = globals.view(table, step);
    const place = find(key);
    if (table === setting) told.push([key, place === NO_SLOT ? null : read(place)]);
  });
  const shared = plan.globals.map(() => new SharedRows());
  globals.join(shared);
  shared.forEach((rows, index) =>
    rows.join({
      changed: (slot) => globals.changed(index, slot),
      failed(error) {
        throw error;
      },
    })
  );
  return { globals, shared, told, setting, kind: plan.globals.find(({ name }) => name === "kinds")!.index };
}

Deno.test("Globals evaluates the users of a row that many use in slices, each with the newest value", () => {
  const rows = 1_000;
  const { globals, shared, told, setting, kind } = openGlobals();
  shared[kind].set(1, { id: 1, name: "first" });
  for (let id = 0; id < rows; id++) shared[setting].set(id, { id, kind_id: 1 });
  assertEquals(told.splice(0).length, rows);
  shared[kind].set(1, { id: 1, name: "second" });
  assert(told.length <= 16, `${told.length} rows were evaluated at once`);
  assertEquals(globals.work(100), true);
  assertEquals(told.length, 100);
  // One that waits goes, one comes, and all change again before they were evaluated.
  shared[setting].set(3, null);
  shared[setting].set(rows, { id: rows, kind_id: 1 });
  shared[kind].set(1, { id: 1, name: "third" });
  let turns = 0;
  while (globals.work(100)) turns++;
  assert(turns >= 9 && turns <= 11, `${turns} turns`);
  const shown = new Map(told as [number, { kind: { name: string } } | null][]);
  assertEquals(shown.get(3), null);
  for (let id = 0; id <= rows; id++) {
    if (id !== 3) assertEquals([id, shown.get(id)?.kind.name], [id, "third"]);
  }
});
