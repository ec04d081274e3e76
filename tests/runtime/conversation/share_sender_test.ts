import { refusingNothing } from "../../refusing_nothing.ts";
import { assert, assertEquals } from "@std/assert";
import type { AggregatePlan } from "../../../src/plan/physical.ts";
import { plainKeyColumn } from "../../../src/record/key_column.ts";
import { Channel } from "../../../src/runtime/conversation/channel.ts";
import { Merge } from "../../../src/runtime/conversation/merge.ts";
import { decodeInbox } from "../../../src/runtime/conversation/inbox_record.ts";
import type { Message } from "../../../src/runtime/conversation/messages.ts";
import { ShareSender } from "../../../src/runtime/conversation/share_sender.ts";
import { GroupOutput } from "../../../src/runtime/outputs/group_output.ts";
import { Chores } from "../../../src/state/chores.ts";
import { NO_SLOT } from "../../../src/state/slots.ts";
import { SlotTable } from "../../../src/state/slot_table.ts";
import { choicesOf } from "../../oracle/random.ts";

const EPOCH = 7;
const MERGE_EPOCH = 30;
const MESSAGE_BYTES_MAX = 1_000_000;
/** Rows by their group, and what is made of them. */
interface Totals {
  readonly aggregate: AggregatePlan;
  readonly groupBy: (row: { readonly id: number }) => Readonly<Record<string, number>>;
}
const aggregateOf = (kind: "sum" | "countDistinct") => (
  { name: "totals", columns: [{ name: "sum", spec: { kind, value: (row: { value: number }) => row.value } }] } as never
);
const SUM: Totals = { aggregate: aggregateOf("sum"), groupBy: ({ id }) => ({ id }) };

/** One home with rows that are groups of their own, and all that it sent. */
function openHome(partitions: number, { aggregate, groupBy }: Totals = SUM) {
  const sent: { partition: number; seq: number; message: Message }[] = [];
  const channel = new Channel({
    task: "rows-0",
    epoch: EPOCH,
    limits: { packLengthMax: 1_000, messageBytesMax: MESSAGE_BYTES_MAX },
    emit: ({ partition }, text) => {
      const record = decodeInbox(text);
      if (record.kind !== "pack") throw new TypeError("a pack is expected");
      for (const message of record.messages) sent.push({ partition, seq: record.seq, message });
    },
  });
  const entries = new SlotTable();
  const output = new GroupOutput({
    plan: {
      name: "totals",
      step: 0,
      grouping: { kind: "group", groupBy },
      aggregate,
      sink: null,
      merge: { table: 1, member: 0 },
    },
    groupBy,
    entries,
    keyColumns: [plainKeyColumn("id")],
    bytesMax: MESSAGE_BYTES_MAX,
    onError: (error) => {
      throw error;
    },
  });
  const chores = new Chores();
  const sender = new ShareSender({ output: output.changed, channel, chores, table: 1, partitions });
  return {
    sender,
    chores,
    set(id: number, value: number | null) {
      const found = entries.find(id);
      output.fold(found === NO_SLOT ? entries.add(id) : found, value === null ? null : { id, value });
    },
    /** One turn of the pump. */
    turn(steps: number) {
      chores.run(steps);
      sender.flush();
      channel.flush();
      return sent.splice(0);
    },
  };
}

type Sent = ReturnType<ReturnType<typeof openHome>["turn"]>;

function openMerges(partitions: number, { aggregate }: Totals = SUM) {
  const merges = Array.from({ length: partitions }, () => {
    const chores = new Chores();
    const refusals = refusingNothing();
    return { chores, merge: new Merge({ aggregate, homes: 1, epoch: MERGE_EPOCH, chores, refusals }) };
  });
  const rows = new Map<unknown, unknown>();
  return {
    merges,
    take(sent: Sent) {
      for (const { partition, seq, message } of sent) {
        const { merge } = merges[partition];
        const origin = { home: 0, epoch: EPOCH, seq };
        if (message.type === "share") merge.share(origin, message.key, message.share as never);
        if (message.type === "distinct") merge.distinct(origin, message);
        if (message.type === "end") merge.end(origin, message);
      }
    },
    rows() {
      for (const { chores, merge } of merges) {
        chores.run(Infinity);
        for (const [key, row] of merge.takeChanged(Infinity)) {
          if (row === null) rows.delete(key);
          else rows.set(key, row.sum);
        }
      }
      return Object.fromEntries(rows);
    },
  };
}

Deno.test("ShareSender sends a snapshot in slices, whoever asked meanwhile", () => {
  const [groups, partitions, slice] = [5_000, 48, 400];
  const home = openHome(partitions);
  for (let id = 0; id < groups; id++) home.set(id, id);
  home.sender.complete();
  for (let partition = 0; partition < partitions; partition++) {
    home.sender.collect(partition, { epoch: MERGE_EPOCH, complete: true });
  }
  const all: Sent = [];
  let turns = 0;
  while (!home.chores.empty) {
    const sent = home.turn(slice);
    assert(sent.length <= slice + partitions, `${sent.length} messages in one turn`);
    all.push(...sent);
    turns++;
  }
  const shares = all.filter(({ message }) => message.type === "share");
  // The first collector asked alone; what all groups have to do with it is looked at once.
  assertEquals(shares.length, groups);
  assertEquals(all.filter(({ message }) => message.type === "end").length, partitions);
  assert(turns <= groups / slice + 5, `${turns} turns`);
});

Deno.test("shares that change while a snapshot is sent end as they are, in whatever slice they change", () => {
  const groups = 200;
  for (let step = 1; step <= groups; step += 3) {
    const [home, merges] = [openHome(2), openMerges(2)];
    const truth: Record<number, number> = {};
    const set = (id: number, value: number | null) => {
      home.set(id, value);
      if (value === null) delete truth[id];
      else truth[id] = value;
    };
    for (let id = 0; id < groups; id++) set(id, id);
    home.sender.complete();
    for (const partition of [0, 1]) home.sender.collect(partition, { epoch: MERGE_EPOCH, complete: true });
    merges.take(home.turn(step));
    // Some are sent by now and some are not; 10 changes and goes before the walk comes to it, or after.
    for (const id of [3, 10, 100, 150, 199]) set(id, 1_000 + id);
    if (step % 2 === 0) merges.take(home.turn(1));
    for (const id of [10, 100, 199]) set(id, null);
    set(500, 5);
    merges.take(home.turn(7));
    set(100, 7);
    while (!home.chores.empty) merges.take(home.turn(20));
    merges.take(home.turn(1));
    assertEquals(merges.rows(), truth, `changed after ${step} steps`);
    assertEquals(merges.merges.map(({ merge }) => merge.known), [true, true]);
  }
});

Deno.test("a collector that starts again during its snapshot gets another one, with an END of its own", () => {
  const home = openHome(1);
  for (let id = 0; id < 100; id++) home.set(id, id);
  home.sender.complete();
  home.sender.collect(0, { epoch: 1, complete: true });
  home.turn(50);
  home.sender.collect(0, { epoch: 2, complete: true });
  const rest: Sent = [];
  while (!home.chores.empty) rest.push(...home.turn(30));
  const ends = rest.flatMap(({ message }) => message.type === "end" ? [message.to] : []);
  assertEquals(ends, [1, 2]);
  const second = rest.slice(rest.findIndex(({ message }) => message.type === "end") + 1);
  assertEquals(second.filter(({ message }) => message.type === "share").length, 100);
});

Deno.test("Merge takes away what an END says in slices, and is ready after that", () => {
  const { merges: [{ chores, merge }] } = openMerges(1);
  const groups = 1_000;
  for (let key = 0; key < groups; key++) {
    merge.share({ home: 0, epoch: 1, seq: 1 }, key, { columns: { key }, parts: [1] });
  }
  merge.share({ home: 0, epoch: 2, seq: 9 }, 5, { columns: { key: 5 }, parts: [1] });
  // Sent in the same epoch, before the snapshot, which does not mention it.
  merge.share({ home: 0, epoch: 2, seq: 8 }, 6, { columns: { key: 6 }, parts: [1] });
  merge.end({ home: 0, epoch: 2, seq: 10 }, { to: MERGE_EPOCH, since: 8 });
  chores.run(10);
  assertEquals([merge.ready, chores.empty], [false, false]);
  chores.run(groups);
  assertEquals([merge.ready, merge.known], [true, false]);
  let taken = 0;
  while (!merge.known) {
    const some = [...merge.takeChanged(100)];
    assert(some.length <= 100);
    assertEquals(
      some.filter(([, row]) => row !== null).map(([key]) => key),
      some.some(([key]) => key === 5) ? [5] : [],
    );
    taken += some.length;
  }
  assertEquals(taken, groups);
});

Deno.test("different values that come and go while a snapshot is sent are counted as they are", () => {
  const plan: Totals = { aggregate: aggregateOf("countDistinct"), groupBy: ({ id }) => ({ group: id % 5 }) };
  for (let seed = 1; seed <= 60; seed++) {
    const choices = choicesOf(seed);
    const [home, merges] = [openHome(2, plan), openMerges(2, plan)];
    const rows = new Map<number, number>();
    const change = () => {
      // The greater ids are a group that comes and goes.
      const id = choices.int(choices.chance(0.1) ? 200 : 40);
      const value = choices.chance(0.3) ? null : choices.int(30);
      home.set(id, value);
      if (value === null) rows.delete(id);
      else rows.set(id, value);
    };
    for (let left = choices.int(200); left > 0; left--) change();
    home.sender.complete();
    for (const partition of [0, 1]) home.sender.collect(partition, { epoch: MERGE_EPOCH, complete: true });
    for (let turn = 0; turn < 30; turn++) {
      for (let left = choices.int(8); left > 0; left--) change();
      merges.take(home.turn(choices.int(20)));
    }
    merges.take(home.turn(Infinity));
    const truth: Record<number, number> = {};
    for (const [id] of rows) {
      truth[id % 5] = new Set([...rows].filter(([other]) => other % 5 === id % 5).map(([, value]) => value)).size;
    }
    assertEquals(merges.rows(), truth, `seed ${seed}`);
  }
});

Deno.test("a group of many different values is told in slices, and afterwards each change alone", () => {
  const plan: Totals = { aggregate: aggregateOf("countDistinct"), groupBy: () => ({ group: 0 }) };
  const [home, merges] = [openHome(1, plan), openMerges(1, plan)];
  home.sender.complete();
  home.sender.collect(0, { epoch: MERGE_EPOCH, complete: true });
  merges.take(home.turn(Infinity));
  for (let id = 0; id < 5_000; id++) home.set(id, id);
  for (let turns = 0; turns < 60; turns++) {
    const sent = home.turn(100);
    assert(sent.length <= 101, `${sent.length} messages in one turn`);
    merges.take(sent);
  }
  assertEquals(merges.rows(), { 0: 5_000 });
  home.set(7, null);
  home.set(8, 9);
  home.set(5_000, 10);
  const sent = home.turn(100);
  assertEquals(sent.map(({ message }) => message.type === "distinct" && [message.value, message.held]), [
    ["7", false],
    ["8", false],
  ]);
  merges.take(sent);
  assertEquals(merges.rows(), { 0: 4_998 });
});
