import { assertEquals } from "@std/assert";
import { z } from "zod";
import { clickhouse, debezium, topology } from "../../../src/mod.ts";
import { CORRECTIONS_TOPIC, encodeCorrection, printOf } from "../../../src/record/correction.ts";
import { changedColumns } from "../../../src/runtime/replays/changed_columns.ts";
import { ProductionError } from "../../../src/record/errors.ts";
import type { RunOptions } from "../../../src/runtime/options.ts";
import { mulberry32 } from "../../../src/record/mulberry32.ts";
import { ReplayWorld } from "./replay_run.ts";

const TOPIC = "t.public.things";
const KINDS = "t.public.kinds";
const things = debezium(TOPIC, { key: ["id"], row: z.object({ id: z.int(), size: z.int() }) });
/** The same topic as another reader declares it: what the one cannot read the other may, and the reverse. */
const colours = debezium(TOPIC, { key: ["id"], row: z.object({ id: z.int(), colour: z.int() }) });
const kinds = debezium(KINDS, { key: ["id"], row: z.object({ id: z.int(), size: z.int() }) });
const columns = { id: "Int64", size: "Int64", kind: "Nullable(Int64)", colour: "Nullable(Int64)" } as const;
const shown = clickhouse("things", { key: ["id"], columns });
const TABLE = topology("things", (builder) => {
  builder.table(things)
    .leftJoin("kind", builder.globalTable(kinds), ({ id }) => id)
    .leftJoin("painted", builder.globalTable(colours), ({ id }) => id)
    .mapValues(({ id, size, kind, painted }) => ({
      ...{ id, size, kind: kind?.size ?? null },
      colour: painted?.colour ?? null,
    })).to(shown);
});

/** What a record says; null: a tombstone. A column that is undefined holds nothing that can be read. */
type Said = { readonly size: number | undefined; readonly colour: number | undefined } | null;

interface Written {
  readonly topic: string;
  readonly id: number;
  readonly said: Said;
}

/** By topic and offset: all corrections of a record, in the order in which they were written. */
type Corrected = ReadonlyMap<string, ReadonlyMap<number, readonly Said[]>>;

/** What each key has for a reader of one column when all is read in order: of each record the last that it can read. */
function fromScratch(
  topic: string,
  column: "size" | "colour",
  { written, corrected }: { readonly written: readonly Written[]; readonly corrected: Corrected },
) {
  const rows = new Map<number, number>();
  for (const [offset, { id, said }] of written.filter((one) => one.topic === topic).entries()) {
    const all = [said, ...corrected.get(topic)!.get(offset) ?? []];
    const read = all.findLast((one) => one === null || one[column] !== undefined);
    if (read === null) rows.delete(id);
    else if (read !== undefined) rows.set(id, read[column]!);
  }
  return rows;
}

const value = (id: number, said: Said) =>
  said === null
    ? null
    : JSON.stringify({ op: "u", after: { id, size: said.size ?? "bad", colour: said.colour ?? "bad" } });

const WITHOUT = { snapshotEveryMs: 0, allowDeletes: true };
const SNAPSHOTS = { ...WITHOUT, snapshotEveryMs: 1_000 };

/** Random records of which some cannot be read by one reader or the other, and random corrections of any of them. */
function historyOf(
  world: ReplayWorld,
  { below, ids }: { readonly below: (limit: number) => number; readonly ids: ReadonlyMap<string, string | null> },
) {
  const written: Written[] = [];
  const corrected = new Map([[TOPIC, new Map<number, Said[]>()], [KINDS, new Map<number, Said[]>()]]);
  const column = (from: number) => below(3) === 0 ? undefined : from + below(100);
  const write = async () => {
    const said = below(6) === 0 ? null : { size: column(0), colour: column(0) };
    const next = { topic: below(4) === 0 ? KINDS : TOPIC, id: below(3), said };
    written.push(next);
    await world.append(next.topic, { key: JSON.stringify({ id: next.id }), value: value(next.id, said) });
  };
  /** As another instance would have written it: whatever is newer, and before or behind whatever was read. */
  const correct = async () => {
    const topic = below(4) === 0 ? KINDS : TOPIC;
    const places = written.filter((one) => one.topic === topic).map((one, offset) => ({ ...one, offset }));
    if (places.length === 0) return;
    const { id, offset, said } = places[below(places.length)];
    // Often only what could not be read, now and then what all could read.
    const edit = (was: number | undefined) => was === undefined || below(4) === 0 ? column(100) : was;
    const becomes = said === null || below(6) === 0 ? null : { size: edit(said.size), colour: edit(said.colour) };
    corrected.get(topic)!.getOrInsertComputed(offset, () => []).push(becomes);
    await world.log.createTopic({ name: CORRECTIONS_TOPIC, partitions: 1, cleanup: "delete", retentionMs: -1 });
    await world.append(
      CORRECTIONS_TOPIC,
      encodeCorrection({
        ...{ topic, topicId: ids.get(topic)!, partition: 0, offset, timestampMs: 1 },
        key: JSON.stringify({ id }),
        print: printOf(value(id, said)),
        changed: changedColumns(value(id, said), value(id, becomes)),
        value: value(id, becomes),
      }),
    );
  };
  const expected = () => {
    const history = { written, corrected };
    const [right, painted] = [fromScratch(KINDS, "size", history), fromScratch(TOPIC, "colour", history)];
    return [...fromScratch(TOPIC, "size", history)].map(([id, size]) =>
      JSON.stringify({ id, size, kind: right.get(id) ?? null, colour: painted.get(id) ?? null })
    ).sort();
  };
  return { write, correct, expected };
}

/** A global table that must be read again fails its topology, which `start` begins anew. */
async function goOn(
  world: ReplayWorld,
  { go, options }: { readonly go: () => Promise<void>; readonly options: Partial<RunOptions> },
): Promise<void> {
  for (let failures = 0;; failures++) {
    try {
      return await (failures === 0 ? go() : world.start(TABLE, options));
    } catch (error) {
      if (!(error instanceof ProductionError && error.retriable) || failures > 9) throw error;
      await world.run.stop();
    }
  }
}

/** One random history, with restarts of every kind. */
async function checkHistory(seed: number): Promise<void> {
  const random = mulberry32(seed);
  const below = (limit: number) => Math.floor(random() * limit);
  const world = await ReplayWorld.open({ [TOPIC]: 1, [KINDS]: 1 });
  const ids = new Map<string, string | null>();
  for (const [name, { id }] of await world.log.topics([TOPIC, KINDS])) ids.set(name, id);
  const { write, correct, expected } = historyOf(world, { below, ids });
  for (let records = 0; records < 5; records++) await write();
  let options: Partial<RunOptions> = SNAPSHOTS;
  const going = (go: () => Promise<void>) => goOn(world, { go, options });
  await world.start(TABLE, options);
  for (let step = 0; step < 30; step++) {
    const what = below(10);
    if (what < 4) await write();
    else if (what < 7) await correct();
    else if (what < 8) await going(() => world.pass(12_000));
    else if (what < 9) await going(() => world.settled());
    else {
      await world.run.stop();
      for (let missed = below(3); missed > 0; missed--) await (below(2) === 0 ? write() : correct());
      options = below(3) > 0 ? SNAPSHOTS : WITHOUT;
      await going(() => world.start(TABLE, options));
    }
    if (step % 10 === 9) {
      await going(() => world.pass(12_000));
      assertEquals(world.shown("things"), expected(), `seed ${seed}, step ${step}`);
    }
  }
  await world.close();
}

Deno.test("what is shown equals all records in order, each as its last correction that can be read", async () => {
  const seeds = Number(Deno.env.get("WEIR_FUZZ") ?? 40);
  for (let seed = Number(Deno.env.get("FROM") ?? 1); seed <= seeds; seed++) await checkHistory(seed);
});
