import { z } from "zod";
import { clickhouse, count, debezium, int8, sum, topology } from "../../src/mod.ts";
import type { Log } from "../../src/ports/log.ts";
import { partitionOf } from "../../src/record/partitioner.ts";

const BATCH = 1_000;
const KEPT = { cleanup: "compact", retentionMs: -1 } as const;
/** Rows of the fact that use one row of the global table. */
const FACTS_PER_SETTING = 10;

const facts = debezium("bench.public.facts", {
  key: ["id"],
  row: z.object({ id: int8(), right_id: int8(), setting_id: int8(), amount: int8() }),
});
const rights = debezium("bench.public.rights", { key: ["id"], row: z.object({ id: int8(), name: z.string() }) });
const settings = debezium("bench.public.settings", { key: ["id"], row: z.object({ id: int8(), kind_id: int8() }) });
const kinds = debezium("bench.public.kinds", { key: ["id"], row: z.object({ id: int8(), name: z.string() }) });

const totals = { facts: "UInt64", amount: "Int64" } as const;
const rowSink = clickhouse("facts", {
  key: ["id"],
  columns: { id: "Int64", name: "String", kind: "String", amount: "Int64" },
});
const shareSink = clickhouse("shares", { key: ["right_id"], columns: { right_id: "Int64", ...totals } });
const mergedSink = clickhouse("merged", { key: ["right_id"], columns: { right_id: "Int64", ...totals } });

/**
 * Every kind of work that grows with the number of groups: right rows of other tasks, a global table joined with
 * another, rows, shares that go to ClickHouse and shares that go to merge tasks.
 */
export const oneHome = topology("one_home", (builder) => {
  const known = builder.globalTable(settings.pick("kind_id"))
    .join("kind", builder.globalTable(kinds.pick("name")), (setting) => setting.kind_id);
  const rows = builder.table(facts.pick("right_id", "setting_id", "amount"))
    .join("right", builder.table(rights.pick("name")), (fact) => fact.right_id)
    .join("setting", known, (fact) => fact.setting_id);
  rows.mapValues((fact) => ({
    id: fact.id,
    name: fact.right.name,
    kind: fact.setting.kind.name,
    amount: fact.amount,
  })).to(rowSink);
  const groups = rows.groupBy((fact) => ({ right_id: fact.right_id }));
  const columns = { facts: count(), amount: sum((fact: { readonly amount: number | bigint }) => fact.amount) };
  groups.aggregate("shares", columns).to(shareSink);
  groups.aggregate("merged", columns).filter(() => true).to(mergedSink);
});

/** How many groups there are, and tasks of each table. */
export interface HomeSize {
  readonly groups: number;
  readonly partitions: number;
}

/**
 * Fills the topics with one fact for each group, all facts in ONE partition: one task has all groups and speaks with
 * all others, which is the most that one task can have to do.
 */
export async function fillOneHome(log: Log, { groups, partitions }: HomeSize): Promise<void> {
  for (const { spec } of [facts, rights, settings, kinds]) {
    const global = spec === settings.spec || spec === kinds.spec;
    await log.createTopic({ name: spec.topic, partitions: global ? 1 : partitions, ...KEPT });
  }
  await changeKind(log, "first");
  const settingsCount = Math.ceil(groups / FACTS_PER_SETTING);
  await fill(log, {
    topic: settings.spec.topic,
    partitions: 1,
    ids: ids(settingsCount, () => true),
    rowOf: (id) => ({ id, kind_id: 1 }),
  });
  await fill(log, {
    topic: rights.spec.topic,
    partitions,
    ids: ids(groups, () => true),
    rowOf: (id) => ({ id, name: `right ${id}` }),
  });
  let right = 0;
  await fill(log, {
    topic: facts.spec.topic,
    partitions,
    ids: ids(groups, (id) => partitionOf(`{"id":${id}}`, partitions) === 0),
    rowOf: (id) => {
      right++;
      return { id, right_id: right, setting_id: right % settingsCount + 1, amount: right % 1_000 };
    },
  });
}

/** Changes the row that all rows of the global table use, and so every fact. */
export async function changeKind(log: Log, name: string): Promise<void> {
  await fill(log, { topic: kinds.spec.topic, partitions: 1, ids: [1], rowOf: (id) => ({ id, name }) });
}

function* ids(count: number, wanted: (id: number) => boolean): Generator<number> {
  for (let id = 1, found = 0; found < count; id++) {
    if (!wanted(id)) continue;
    found++;
    yield id;
  }
}

/** Rows of one topic, each created in the partition of its key. */
interface Filling {
  readonly topic: string;
  readonly partitions: number;
  readonly ids: Iterable<number>;
  readonly rowOf: (id: number) => object;
}

async function fill(log: Log, { topic, partitions, ids, rowOf }: Filling): Promise<void> {
  const open = Array.from({ length: partitions }, (): { key: string; value: string }[] => []);
  const append = async (partition: number) => {
    if (open[partition].length > 0) await log.append([{ topic, partition, records: open[partition].splice(0) }]);
  };
  for (const id of ids) {
    const key = `{"id":${id}}`;
    const partition = partitionOf(key, partitions);
    const value = `{"before":null,"after":${JSON.stringify(rowOf(id))},"op":"c","ts_ms":1767225600000}`;
    if (open[partition].push({ key, value }) >= BATCH) await append(partition);
  }
  for (let partition = 0; partition < partitions; partition++) await append(partition);
}
