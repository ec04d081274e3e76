import { assertEquals } from "@std/assert";
import { z } from "zod";
import { clickhouse, debezium, topology } from "../../../src/mod.ts";
import { CORRECTIONS_TOPIC, encodeCorrection, printOf } from "../../../src/record/correction.ts";
import { mulberry32 } from "../../../src/record/mulberry32.ts";
import { ReplayWorld } from "./replay_run.ts";

const TOPIC = "t.public.things";
const KINDS = "t.public.kinds";
const things = debezium(TOPIC, { key: ["id"], row: z.object({ id: z.int(), size: z.int() }) });
const kinds = debezium(KINDS, { key: ["id"], row: z.object({ id: z.int(), size: z.int() }) });
const columns = { id: "Int64", size: "Int64", kind: "Nullable(Int64)" } as const;
const shown = clickhouse("things", { key: ["id"], columns });
const TABLE = topology("things", (builder) => {
  builder.table(things).leftJoin("kind", builder.globalTable(kinds), ({ id }) => id)
    .mapValues(({ id, size, kind }) => ({ id, size, kind: kind?.size ?? null })).to(shown);
});

interface Written {
  readonly topic: string;
  readonly id: number;
  /** Null: a tombstone; undefined: nothing that can be read. */
  readonly size: number | null | undefined;
}

/** What each key has when all is read in order, with what was corrected in the place of what cannot be read. */
function fromScratch(
  topic: string,
  { written, corrected }: {
    readonly written: readonly Written[];
    readonly corrected: ReadonlyMap<number, number | null>;
  },
) {
  const rows = new Map<number, number>();
  let offset = 0;
  for (const { topic: of, id, size } of written) {
    if (of !== topic) continue;
    const read = size === undefined ? corrected.get(offset) : size;
    offset++;
    if (read === null) rows.delete(id);
    else if (read !== undefined) rows.set(id, read);
  }
  return rows;
}

const value = (id: number, size: number | null | undefined) =>
  size === null ? null : JSON.stringify({ op: "u", after: { id, size: size === undefined ? "bad" : size } });

/** One random history: records of which some cannot be read, corrections of any of these, restarts of every kind. */
async function checkHistory(seed: number): Promise<void> {
  const random = mulberry32(seed);
  const below = (limit: number) => Math.floor(random() * limit);
  const world = await ReplayWorld.open({ [TOPIC]: 1, [KINDS]: 1 });
  const ids = new Map<string, string | null>();
  for (const [name, { id }] of await world.log.topics([TOPIC, KINDS])) ids.set(name, id);
  const written: Written[] = [];
  const corrected = new Map([[TOPIC, new Map<number, number | null>()], [KINDS, new Map<number, number | null>()]]);
  const without = { snapshotEveryMs: 0, allowDeletes: true };
  const snapshots = { ...without, snapshotEveryMs: 1_000 };
  const write = async () => {
    const size = below(3) === 0 ? undefined : below(5) === 0 ? null : below(100);
    const next = { topic: below(4) === 0 ? KINDS : TOPIC, id: below(3), size };
    written.push(next);
    await world.append(next.topic, { key: JSON.stringify({ id: next.id }), value: value(next.id, size) });
  };
  /** As another instance would have written it: whatever is newer, and before or behind whatever was read. */
  const correct = async () => {
    const topic = below(4) === 0 ? KINDS : TOPIC;
    const places = written.filter((one) => one.topic === topic)
      .flatMap(({ id, size }, offset) => size === undefined ? [{ id, offset }] : []);
    if (places.length === 0) return;
    const { id, offset } = places[below(places.length)];
    const size = below(6) === 0 ? undefined : below(5) === 0 ? null : 100 + below(100);
    if (size !== undefined) corrected.get(topic)!.set(offset, size);
    await world.log.createTopic({ name: CORRECTIONS_TOPIC, partitions: 1, cleanup: "delete", retentionMs: -1 });
    await world.append(
      CORRECTIONS_TOPIC,
      encodeCorrection({
        ...{ topic, topicId: ids.get(topic)!, partition: 0, offset, timestampMs: 1 },
        key: JSON.stringify({ id }),
        print: printOf(value(id, undefined)),
        value: value(id, size),
      }),
    );
  };
  const expected = () => {
    const right = fromScratch(KINDS, { written, corrected: corrected.get(KINDS)! });
    return [...fromScratch(TOPIC, { written, corrected: corrected.get(TOPIC)! })]
      .map(([id, size]) => JSON.stringify({ id, size, kind: right.get(id) ?? null })).sort();
  };
  for (let records = 0; records < 5; records++) await write();
  await world.start(TABLE, snapshots);
  for (let step = 0; step < 30; step++) {
    const what = below(10);
    if (what < 4) await write();
    else if (what < 7) await correct();
    else if (what < 8) await world.pass(12_000);
    else if (what < 9) await world.settled();
    else {
      await world.run.stop();
      for (let missed = below(3); missed > 0; missed--) await (below(2) === 0 ? write() : correct());
      await world.start(TABLE, below(3) > 0 ? snapshots : without);
    }
    if (step % 10 === 9) {
      await world.pass(12_000);
      assertEquals(world.shown("things"), expected(), `seed ${seed}, step ${step}`);
    }
  }
  await world.close();
}

Deno.test("what is shown equals all records read in order, with corrections where they cannot be", async () => {
  const seeds = Number(Deno.env.get("WEIR_FUZZ") ?? 40);
  for (let seed = Number(Deno.env.get("FROM") ?? 1); seed <= seeds; seed++) await checkHistory(seed);
});
