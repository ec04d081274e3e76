import { assertEquals } from "@std/assert";
import { z } from "zod";
import { clickhouse, debezium, topology } from "../../src/mod.ts";
import type { Log } from "../../src/ports/log.ts";
import { ProductionError } from "../../src/record/errors.ts";
import { readerWith } from "../reader_with.ts";
import { openStepLog, StepRun } from "./step_run.ts";

const THINGS = "shop.public.things";
const KINDS = "shop.public.kinds";
const things = debezium(THINGS, { key: ["id"], row: z.object({ id: z.int(), kind: z.int() }) });
const kinds = debezium(KINDS, { key: ["id"], row: z.object({ id: z.int(), name: z.string() }) });
const shown = topology("things", (builder) => {
  builder.table(things).join("kind", builder.globalTable(kinds), (thing) => thing.kind)
    .mapValues(({ id, kind }) => ({ id, name: kind.name }))
    .to(clickhouse("things", { key: ["id"], columns: { id: "Int64", name: "String" } }));
});

/** A log that cannot read the kinds until it is mended. */
function withoutKinds(log: Log): { log: Log; mend(): void } {
  let mended = false;
  return {
    mend: () => mended = true,
    log: {
      ...log,
      reader() {
        const reader = log.reader();
        let readsKinds = false;
        return readerWith(reader, {
          seek(topic, partition, offset) {
            readsKinds ||= topic === KINDS;
            reader.seek(topic, partition, offset);
          },
          poll: (waitMs) =>
            readsKinds && !mended
              ? Promise.reject(new ProductionError("the broker of the kinds is away", { retriable: true }))
              : reader.poll(waitMs),
        });
      },
    },
  };
}

Deno.test("weir_global_lag_records tells how many records of global tables are not read yet", async () => {
  const place = await openStepLog({ [THINGS]: 1, [KINDS]: 1 });
  const { clock } = place;
  const { log, mend } = withoutKinds(place.log);
  const records = [1, 2, 3].map((id) => ({
    key: `{"id":${id}}`,
    value: `{"op":"r","after":{"id":${id},"name":"kind ${id}"}}`,
  }));
  await log.append([{ topic: KINDS, partition: 0, records }]);
  const gauges = new Map<string, number>();
  const metrics = {
    count() {},
    gauge: (name: string, _: unknown, value: number) => gauges.set(name, value),
    observe() {},
  };
  const run = new StepRun(shown, { clock, ports: { log, metrics } });
  await run.runner.start();
  await clock.pass(2_000);
  const away = gauges.get("weir_global_lag_records");
  mend();
  await clock.pass(5_000);
  const back = gauges.get("weir_global_lag_records");
  await run.stop();
  await log.close();
  assertEquals([away, back], [3, 0]);
});
