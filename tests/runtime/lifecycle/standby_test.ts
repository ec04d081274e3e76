import { uncorrected } from "../../../src/runtime/globals/corrections.ts";
import { assertEquals } from "@std/assert";
import { z } from "zod";
import { clickhouse, debezium, topology } from "../../../src/mod.ts";
import { compile } from "../../../src/plan/compile.ts";
import type { Log } from "../../../src/ports/log.ts";
import { decoderOf } from "../../../src/runtime/globals/change_reader.ts";
import { giveUpStandbys, type Sources, Standby } from "../../../src/runtime/lifecycle/standby.ts";
import { StandbyRows } from "../../../src/runtime/task/standby_rows.ts";

const HOUR_MS = 3_600_000;
const NOW_MS = 100 * HOUR_MS;
const TOPIC = "shop.items";

const items = debezium(TOPIC, { key: ["id"], row: z.object({ id: z.int(), name: z.string() }) });
const plan = compile(
  topology("shop", (builder) => {
    builder.table(items).to(clickhouse("items", { key: ["id"], columns: { id: "Int64", name: "String" } }));
  }),
  () => 1,
);
const [table] = plan.tables;

function sourcesWith(change: { readonly id?: string; readonly compacted?: boolean } = {}): Sources {
  const topic = { id: "t1", compacted: true, deleteRetentionMs: 24 * HOUR_MS, ...change };
  return new Map([[TOPIC, topic as never]]);
}

function begun(): Standby {
  const standby = new Standby({ table, partition: 0 });
  begin(standby);
  return standby;
}

function begin(standby: Standby, nowMs = NOW_MS): void {
  const decoders = () => table.members.map((member) => member.kind === "source" ? decoderOf(member, () => {}) : null);
  const rows = new StandbyRows({
    context: { partitions: [1], decoders, corrections: (_, partition) => uncorrected(partition) },
    table,
    partition: 0,
  });
  standby.begin(rows, [{ topic: TOPIC, id: "t1", start: 5, end: 9 }], { nowMs });
}

/** Records of rows, each with the name of its offset. */
function fetched(fromOffset: number, count: number, { endOffset = 9, timestampMs = NOW_MS } = {}) {
  const records = Array.from({ length: count }, (_, index) => {
    const offset = fromOffset + index;
    const value = JSON.stringify({ op: "c", after: { id: offset % 3, name: `name ${offset}` } });
    return { offset, timestampMs, key: `{"id":${offset % 3}}`, value };
  });
  return { topic: TOPIC, partition: 0, fromOffset, records, nextOffset: fromOffset + count, endOffset };
}

const now = { sources: sourcesWith(), nowMs: NOW_MS };

function offsets(start: number, end: number) {
  return new Map([[TOPIC, { start: [start], end: [end] }]]);
}

Deno.test("Standby.take() makes rows of what was fetched, from where it stands only", () => {
  const standby = begun();
  assertEquals([standby.state, standby.lag], ["reading", 4]);
  assertEquals(standby.take(fetched(5, 2), now), null);
  assertEquals(standby.take(fetched(5, 2), now), null, "fetched before it began anew");
  assertEquals([standby.lag, standby.rows!.entries.size], [2, 2]);
  assertEquals(standby.take(fetched(7, 2), now), null);
  standby.endsAt(TOPIC, { end: 9, askedMs: NOW_MS });
  assertEquals([standby.state, standby.lag, standby.rows!.entries.size], ["ready", 0, 3]);
  standby.endsAt(TOPIC, { end: 11, askedMs: NOW_MS });
  assertEquals([standby.state, standby.lag], ["reading", 2]);
});

Deno.test("Standby.take() says why it must begin anew", () => {
  const at = (change: object) => ({ ...fetched(5, 1), ...change });
  assertEquals(
    begun().take(at({ outOfRange: { startOffset: 6, endOffset: 9 } }), now),
    `position in "${TOPIC}" is out of range`,
  );
  assertEquals(
    begun().take(fetched(5, 1), { ...now, sources: sourcesWith({ id: "t2" }) }),
    `topic "${TOPIC}" was recreated`,
  );
  const standby = begun();
  assertEquals(standby.take(at({ problem: "damaged", records: [], nextOffset: 5 }), now), null);
  assertEquals(standby.lag, 4);
});

Deno.test("Standby.take() begins anew once, and gives up then, when reading takes too long for tombstones", () => {
  const standby = begun();
  const late = { ...now, nowMs: NOW_MS + 12 * HOUR_MS + 1 };
  const reason = `half of delete.retention.ms of "${TOPIC}" has passed since it had read everything`;
  assertEquals(standby.take(fetched(5, 1), { ...late, nowMs: NOW_MS + 12 * HOUR_MS }), null, "in time");
  assertEquals(standby.take(fetched(6, 1), { ...late, sources: sourcesWith({ compacted: false }) }), null);
  assertEquals(standby.take(fetched(7, 1), late), reason);
  standby.forget();
  begin(standby);
  assertEquals(standby.take(fetched(5, 1), late), null);
  assertEquals([standby.state, standby.useless, standby.rows], ["given up", reason, null]);
});

Deno.test("Standby.freshMs is the last record's time, or when it was at the end", () => {
  const standby = begun();
  const later = NOW_MS + HOUR_MS;
  standby.take(fetched(5, 1, { timestampMs: NOW_MS - HOUR_MS }), { ...now, nowMs: later });
  assertEquals(standby.freshMs, NOW_MS, "nothing was read before it began");
  standby.take(fetched(6, 1, { timestampMs: NOW_MS + 5 * HOUR_MS }), { ...now, nowMs: later });
  assertEquals(standby.freshMs, later, "no record is of a time to come");
  standby.endsAt(TOPIC, { end: 9, askedMs: later + HOUR_MS });
  assertEquals(standby.freshMs, later, "two records are not read");
  standby.take(fetched(7, 2), { ...now, nowMs: later });
  standby.endsAt(TOPIC, { end: 9, askedMs: later + HOUR_MS });
  assertEquals(standby.freshMs, later + HOUR_MS);
});

Deno.test("Standby.whyUnfit() lets its rows be taken only by a task of the same, whole topic", async () => {
  const why = (change: object, at = offsets(5, 9)) => {
    const standby = begun();
    standby.take(fetched(5, 4), now);
    return standby.whyUnfit({ ...now, log: logEndingAt({}), offsets: at, ...change });
  };
  assertEquals(await why({}), null);
  assertEquals(await why({ sources: sourcesWith({ id: "t2" }) }), `topic "${TOPIC}" was recreated since`);
  assertEquals(await why({ sources: new Map() }), `topic "${TOPIC}" is not there`);
  assertEquals(await why({}, offsets(6, 9)), `topic "${TOPIC}" begins elsewhere now`);
  assertEquals(await why({}, offsets(5, 8)), `topic "${TOPIC}" ends before it`);
  assertEquals(
    await why({ nowMs: NOW_MS + 13 * HOUR_MS }),
    `it is older than half of delete.retention.ms of "${TOPIC}"`,
  );
});

Deno.test("Standby.whyUnfit() asks whether the records of each leader that it has met are still there", async () => {
  const why = (ends: Readonly<Record<number, number>>) => {
    const standby = begun();
    standby.take({ ...fetched(5, 2), leaderEpoch: 1 }, now);
    standby.take({ ...fetched(7, 2), leaderEpoch: 2 }, now);
    return standby.whyUnfit({ ...now, log: logEndingAt(ends), offsets: offsets(5, 9) });
  };
  const exchanged = `records of "${TOPIC}" before its position are others now`;
  assertEquals(await why({ 1: 7, 2: 9 }), null);
  assertEquals(await why({ 1: 7, 2: 8 }), exchanged);
  assertEquals(await why({ 1: 6, 2: 9 }), exchanged, "the second leader lacked what the first one had");
});

/** A log whose records of a leader epoch end there; of others, where they were read. */
function logEndingAt(ends: Readonly<Record<number, number>>): Pick<Log, "epochEnds"> {
  return {
    epochEnds: (_topic, epochs) => Promise.resolve(epochs.map(({ leaderEpoch }) => ends[leaderEpoch] ?? Infinity)),
  };
}

Deno.test("giveUpStandbys() frees what they hold, and says whether there was anything", () => {
  const standby = begun();
  standby.take(fetched(5, 4), now);
  assertEquals(giveUpStandbys([standby], "no memory"), true);
  assertEquals([standby.state, standby.rows, standby.useless], ["given up", null, "no memory"]);
  assertEquals(giveUpStandbys([standby], "again"), false);
});
