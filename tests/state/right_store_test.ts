import { assertEquals } from "@std/assert";
import { digestOf } from "../../src/record/digest.ts";
import type { Key } from "../../src/record/key.ts";
import { type Row, UNKNOWN } from "../../src/record/row.ts";
import { AskedRights, GlobalRights } from "../../src/state/right_store.ts";
import { NO_SLOT, type Slot } from "../../src/state/slots.ts";
import { SlotTable } from "../../src/state/slot_table.ts";
import { choicesOf } from "../oracle/random.ts";
import { loadAll, readerOf, sectionsOf } from "./memory_sections.ts";

/** A global table that holds these rows. */
function viewOf(rows: Map<Key, Row>) {
  const keys = [...rows.keys()];
  return {
    find: (key: Key) => rows.has(key) ? keys.indexOf(key) : NO_SLOT,
    read: (slot: Slot) => rows.get(keys[slot]) ?? null,
    digest: (slot: Slot) => digestOf(JSON.stringify(rows.get(keys[slot]))),
  };
}

const keysOf = ({ keys }: AskedRights | GlobalRights) => [...keys.used()].map((slot) => keys.keyOf(slot));

function usersOf({ keys, links }: AskedRights | GlobalRights, key: Key): Slot[] {
  const right = keys.find(key);
  if (right === NO_SLOT) return [];
  const users: Slot[] = [];
  const walk = links.walk(right);
  for (let user = walk.next(); user !== NO_SLOT; user = walk.next()) users.push(user);
  return users.sort((a, b) => a - b);
}

Deno.test("AskedRights asks for a key once, however many use it, and keeps it until it is dropped", () => {
  const asked: unknown[] = [];
  const left: unknown[] = [];
  const entries = new SlotTable();
  const store = new AskedRights(entries, {
    ask(key) {
      asked.push(key);
      return UNKNOWN;
    },
    hurry() {},
    leave: (key) => void left.push(key),
  });
  const [one, two] = [entries.add(1), entries.add(2)];
  assertEquals([store.use(one, "x"), store.unknown], [UNKNOWN, 1]);
  const right = store.keys.find("x");
  assertEquals([store.answer(right, { found: true }), store.unknown], ["changed", 0]);
  assertEquals(store.answer(right, { found: true }), "known");
  assertEquals(store.use(two, "x"), { found: true });
  assertEquals(asked, ["x"]);
  store.release(one);
  store.release(one);
  store.use(two, "y");
  assertEquals([keysOf(store), usersOf(store, "x"), asked], [["x", "y"], [], ["x", "y"]]);
  store.drop(right);
  assertEquals([keysOf(store), store.unknown], [["y"], 1]);
  store.release(two);
  store.drop(store.keys.find("y"));
  assertEquals([store.unknown, left], [0, ["x", "y"]]);
});

Deno.test("AskedRights leaves a right row that is not there with its last user", () => {
  const left: unknown[] = [];
  const entries = new SlotTable();
  const store = new AskedRights(entries, { ask: () => UNKNOWN, hurry() {}, leave: (key) => void left.push(key) });
  const [one, two] = [entries.add(1), entries.add(2)];
  store.use(one, "x");
  store.use(two, "x");
  store.answer(store.keys.find("x"), null);
  store.release(one);
  assertEquals([keysOf(store), left], [["x"], []]);
  store.release(two);
  assertEquals([keysOf(store), left], [[], ["x"]]);
  store.use(one, "x");
  store.release(one);
  assertEquals([keysOf(store), store.unknown, left], [["x"], 1, ["x"]]);
});

Deno.test("AskedRights tells an answer that is absent from one that has not come", () => {
  const entries = new SlotTable();
  const store = new AskedRights(entries, {
    ask: (key) => key === "too large" ? null : UNKNOWN,
    hurry() {},
    leave() {},
  });
  const entry = entries.add(1);
  assertEquals([store.use(entry, "too large"), store.unknown], [null, 0]);
  assertEquals(store.use(entry, "x"), UNKNOWN);
  assertEquals(store.answer(store.keys.find("x"), null), "changed");
  assertEquals([store.use(entry, "x"), store.answer(store.keys.find("x"), null)], [null, "known"]);
});

Deno.test("GlobalRights reads what the global table holds now, and forgets a key with its last user", () => {
  const rows = new Map<Key, Row>([["x", { found: 1 }]]);
  const entries = new SlotTable();
  const store = new GlobalRights(entries, viewOf(rows));
  const [one, two] = [entries.add(1), entries.add(2)];
  assertEquals([store.use(one, "x"), store.use(two, "y")], [{ found: 1 }, null]);
  rows.set("x", { found: 2 });
  assertEquals(store.changed("x"), store.keys.find("x"));
  assertEquals([store.use(one, "x"), store.changed("z")], [{ found: 2 }, NO_SLOT]);
  rows.delete("x");
  store.changed("x");
  assertEquals(store.use(one, "x"), null);
  store.release(one);
  assertEquals(keysOf(store), ["y"]);
  store.use(two, "x");
  assertEquals(keysOf(store), ["x"]);
});

Deno.test("GlobalRights remembers in a snapshot what was used of the global table, unless it changed since", () => {
  const rows = new Map<Key, Row>([["same", { found: 1 }], ["other", { found: 1 }], ["back", { found: 1 }]]);
  const keys = ["same", "other", "back", "late", "gone"];
  const entries = new SlotTable();
  const store = new GlobalRights(entries, viewOf(rows));
  const use = (key: string) => store.use(entries.add(key), key);
  keys.filter((key) => key !== "late").forEach(use);
  loadAll(store.remember());
  const change = (key: string, row: Row) => {
    rows.set(key, row);
    store.changed(key);
  };
  // Whoever starts finds the row that was remembered, and entries were evaluated with another one.
  change("back", { found: 2 });
  use("late");
  const sections = sectionsOf(store.keys);
  change("back", { found: 1 });
  change("other", { found: 3 });
  const copy = new GlobalRights(new SlotTable(), viewOf(rows));
  loadAll(copy.keys.load(readerOf(sections)));
  assertEquals(Array.from(copy.restored(), (right) => copy.keys.keyOf(right)), ["other", "back", "late"]);
  loadAll(store.remember());
  const again = new GlobalRights(new SlotTable(), viewOf(rows));
  loadAll(again.keys.load(readerOf(sectionsOf(store.keys))));
  assertEquals([...again.restored()], []);
});

Deno.test("RightStore knows exactly who uses a key, whoever comes and goes in between", () => {
  const choices = choicesOf(7);
  const table = new SlotTable();
  const store = new GlobalRights(table, viewOf(new Map()));
  const entries = Array.from({ length: 30 }, (_, key) => table.add(key));
  const uses = new Map<Slot, number>();
  for (let turn = 0; turn < 5_000; turn++) {
    const entry = choices.of(entries);
    if (choices.chance(0.3)) {
      store.release(entry);
      uses.delete(entry);
    } else {
      const key = choices.int(5);
      store.use(entry, key);
      uses.set(entry, key);
    }
    for (let key = 0; key < 5; key++) {
      const expected = [...uses].filter(([, used]) => used === key).map(([user]) => user).sort((a, b) => a - b);
      assertEquals(usersOf(store, key), expected, `turn ${turn}`);
    }
  }
});

Deno.test("AskedRights.confirm() drops a right row that a snapshot held and nobody uses any more", () => {
  const left: Key[] = [];
  const table = new SlotTable();
  const store = new AskedRights(table, { ask: () => UNKNOWN, hurry() {}, leave: (key) => left.push(key) });
  const user = table.add(1);
  store.use(user, "x");
  store.answer(store.keys.find("x"), null);
  loadAll(store.restored());
  store.release(user);
  assertEquals([keysOf(store), store.unconfirmed], [["x"], 1], "what it is now is still to be told");
  assertEquals(store.confirm(store.keys.find("x")), "known");
  assertEquals([keysOf(store), store.unconfirmed, left], [[], 0, ["x"]]);
});

Deno.test("AskedRights tells of a confirmed right row only if an entry waits for it, and hurries once for it", () => {
  const hurried: Slot[] = [];
  const table = new SlotTable();
  const store = new AskedRights(table, { ask: () => UNKNOWN, hurry: (right) => hurried.push(right), leave() {} });
  const users = [1, 2, 3].map((key) => table.add(key));
  const rights = users.map((user) => {
    store.use(user, table.keyOf(user));
    const right = store.keys.find(table.keyOf(user));
    store.answer(right, { found: true });
    return right;
  });
  loadAll(store.restored());
  assertEquals([store.use(users[0], 1), store.use(users[0], 1), store.use(users[2], 3)], [UNKNOWN, UNKNOWN, UNKNOWN]);
  assertEquals([hurried, rights.map((right) => store.waitsFor(right))], [[rights[0], rights[2]], [true, false, true]]);
  assertEquals(rights.map((right) => store.holds(right)), [true, true, true]);
  assertEquals([store.confirm(rights[0]), store.confirm(rights[1])], ["confirmed", "known"]);
  assertEquals(store.answer(rights[2], { found: true }), "confirmed");
  assertEquals([store.unconfirmed, store.use(users[1], 2)], [0, { found: true }]);
});
