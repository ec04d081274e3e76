import { assertEquals } from "@std/assert";
import type { Key } from "../../../src/record/key.ts";
import { UNKNOWN } from "../../../src/record/row.ts";
import { HeldRights } from "../../../src/runtime/conversation/held_rights.ts";
import type { Message } from "../../../src/runtime/conversation/messages.ts";
import type { TaskView } from "../../../src/runtime/conversation/task_view.ts";
import { Chores } from "../../../src/state/chores.ts";
import { AskedRights } from "../../../src/state/right_store.ts";
import { SlotTable } from "../../../src/state/slot_table.ts";

const EPOCH = 7;
const JOIN = "of_order";
const ORDERS = 3;

/** A task that begins with a snapshot of four right rows, which two servers have: those of even and of odd keys. */
function openTask({ starting }: { readonly starting: readonly number[] }) {
  const sent: (readonly [partition: number, type: string, keys: readonly Key[]])[] = [];
  const confirmed: Key[] = [];
  const left = new SlotTable();
  const chores = new Chores();
  const store = new AskedRights(left, {
    ask: () => UNKNOWN,
    hurry: (right) => held.hurry(0, right),
    leave() {},
  });
  const send = ({ partition }: { readonly partition: number }, message: Message) => {
    if (message.type === "block") sent.push([partition, message.type, message.keys]);
    else if ("key" in message) sent.push([partition, message.type, [message.key]]);
  };
  const task = {
    epoch: EPOCH,
    chores,
    channel: { send },
    stores: [store],
    table: { lookups: [{ name: JOIN, table: ORDERS }] },
    rightConfirmed: (_: number, right: number) => confirmed.push(store.keys.keyOf(right)),
  } as unknown as TaskView;
  const held: HeldRights = new HeldRights(task, {
    partitionsOf: () => 2,
    partitionOf: (_, key) => Number(key) % 2,
    askable: () => true,
    isStarting: (_, partition) => starting.includes(partition),
  });
  for (const key of [1, 2, 3, 4]) {
    store.use(left.add(key), key);
    store.answer(store.keys.find(key), { of: key });
  }
  for (const _ of store.restored());
  const use = (key: Key) => store.use(left.find(key), key);
  const asked = () => {
    while (!chores.empty) chores.run(1);
    return sent.splice(0);
  };
  return { held, store, use, asked, confirmed };
}

Deno.test("HeldRights asks at once who runs, and who starts when it says HELLO, or at the mark", () => {
  const { held, asked } = openTask({ starting: [1] });
  held.askForAll();
  assertEquals([asked(), held.expecting], [[[0, "block", [2, 4]]], true]);
  held.forgotten(ORDERS, 1);
  assertEquals([asked(), held.expecting], [[[1, "block", [1, 3]]], false]);
  held.expectNoMore();
  held.forgotten(ORDERS + 1, 1);
  assertEquals(asked(), []);
  const other = openTask({ starting: [0, 1] });
  other.held.askForAll();
  assertEquals(other.asked(), []);
  other.held.expectNoMore();
  assertEquals(other.asked(), [[1, "block", [1, 3]], [0, "block", [2, 4]]]);
});

Deno.test("HeldRights asks first about right rows for which entries wait", () => {
  const { held, use, asked } = openTask({ starting: [1] });
  held.askForAll();
  asked();
  for (const key of [4, 3, 4]) assertEquals(use(key), UNKNOWN);
  assertEquals(asked(), [[0, "resubscribe", [4]]], "a server that starts does not know of it before its HELLO");
  held.forgotten(ORDERS, 1);
  assertEquals(asked(), [[1, "resubscribe", [3]], [1, "block", [1, 3]]]);
});

Deno.test("HeldRights takes an answer only in the life that asked, and tells whose entries wait", () => {
  const { held, store, use, asked, confirmed } = openTask({ starting: [] });
  held.askForAll();
  asked();
  use(4);
  const answer = { type: "confirmed", join: JOIN, to: EPOCH, block: 1, except: [] } as const;
  held.confirmed({ ...answer, to: EPOCH - 1 });
  held.confirmed({ ...answer, join: "another" });
  assertEquals([store.unconfirmed, confirmed], [4, []]);
  held.confirmed(answer);
  assertEquals([store.unconfirmed, confirmed, use(2)], [2, [4], { of: 2 }]);
  held.confirmed({ ...answer, block: 0, except: [1] });
  assertEquals([store.unconfirmed, use(1), use(3)], [1, { of: 1 }, UNKNOWN]);
});
