import { assertEquals, assertStringIncludes } from "@std/assert";
import { z } from "zod";
import { loadFolded } from "../../../src/cli/verify/folded_rows.ts";
import type { SuppressNode } from "../../../src/dsl/stream_nodes.ts";
import { clickhouse, events, topology, tumbling, untilWindowCloses } from "../../../src/mod.ts";
import { computeSuppress, type TableChanged } from "../../../src/oracle/suppress_oracle.ts";
import type { Log, TopicDescription } from "../../../src/ports/log.ts";
import type { Row } from "../../../src/record/row.ts";
import { encodeWire } from "../../../src/record/wire.ts";
import { MemoryChangelog, Owner } from "../../runtime/streams/suppressed_owner.ts";

const clicks = events("shop.clicks", { row: z.object({ user: z.int() }) });
const closed = clickhouse("closed", {
  key: ["user", "window_start"],
  columns: { user: "Int64", window_start: "Int64", count: "UInt64" },
});

Deno.test("loadFolded() takes what was told as it is, and says why it cannot be computed again", async () => {
  const waiting = topology("waiting", (builder) => {
    const minutes = builder.stream(clicks).groupBy(({ user }) => ({ user })).windowedBy(tumbling({ minutes: 1 }));
    minutes.count("minutes").suppress("closed", untilWindowCloses()).to(closed);
  });
  const node = waiting.streams.find((node): node is SuppressNode => node.op === "suppress")!;
  const changes = [[1, 0], [2, 0], [1, 0], [1, 1], [2, 1], [2, 2], [1, 0]].map(
    ([user, minute], count): TableChanged => {
      const [start, end] = [minute * 60e6, (minute + 1) * 60e6];
      const row = { user, window_start: start, window_end: end, count };
      return { group: { user }, start, end, row, timestampUs: start };
    },
  );
  const changelog = new MemoryChangelog();
  for (const owner = await Owner.begin(node, { changelog }); owner.position < changes.length;) {
    owner.take(changes[owner.position]);
    for (const part of owner.seal(1).parts) changelog.append(part);
  }
  const topics = () => Promise.resolve(new Map([["weir.waiting.closed.changelog", {} as TopicDescription]]));
  const folded = await loadFolded(waiting, { ...changelog.log, topics } as unknown as Log);
  const [minutes, told] = waiting.nodes.filter((node) => node.op === "folded");
  const { shown } = computeSuppress(changes, node);
  assertEquals(shown.map(({ user, count }) => `${user}: ${count}`), ["1: 6", "2: 1", "1: 3", "2: 4"]);
  const texts = (rows: readonly Row[]) => rows.map((row) => encodeWire(row)).sort();
  assertEquals(texts([...folded.rows(told)].map(([, row]) => row)), texts(shown));
  assertEquals([...folded.rows(minutes)], []);
  assertStringIncludes(folded.takenAsTheyAre.get(told.id)!, "which changes were told, and which still wait");
});
