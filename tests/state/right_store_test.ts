import { assertEquals } from "@std/assert";
import { UNKNOWN } from "../../src/record/row.ts";
import { type Entry, layoutOf, newEntry } from "../../src/state/entry.ts";
import { RightStore } from "../../src/state/right_store.ts";
import { choicesOf } from "../oracle/random.ts";

const layout = layoutOf({ lookups: 1, sinks: 0, groups: [], serves: 0 });

Deno.test("RightStore asks for a key once, however many use it, and forgets it with the last", () => {
  const asked: unknown[] = [];
  const store = new RightStore({
    cell: 0,
    first: (key) => {
      asked.push(key);
      return UNKNOWN;
    },
    keepUnused: false,
  });
  const [one, two] = [newEntry(1, layout), newEntry(2, layout)];
  assertEquals(store.use(one, "x"), UNKNOWN);
  store.entries.get("x")!.value = { found: true };
  assertEquals(store.use(two, "x"), { found: true });
  assertEquals(asked, ["x"]);
  store.release(one);
  store.release(one);
  assertEquals(store.entries.has("x"), true);
  store.use(two, "y");
  assertEquals([...store.entries.keys()], ["y"]);
  assertEquals(asked, ["x", "y"]);
});

Deno.test("RightStore keeps unused keys where it is told to, until they are dropped", () => {
  const store = new RightStore({ cell: 0, first: () => null, keepUnused: true });
  const entry = newEntry(1, layout);
  store.use(entry, 5);
  store.release(entry);
  assertEquals(store.entries.get(5)!.users, []);
  store.drop(5);
  assertEquals(store.entries.size, 0);
});

Deno.test("RightStore knows exactly who uses a key, whoever comes and goes in between", () => {
  const choices = choicesOf(7);
  const store = new RightStore({ cell: 0, first: () => null, keepUnused: false });
  const entries = Array.from({ length: 30 }, (_, key) => newEntry(key, layout));
  const uses = new Map<Entry, number>();
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
      const expected = [...uses].filter(([, used]) => used === key).map(([user]) => user.key).sort();
      assertEquals((store.entries.get(key)?.users ?? []).map((user) => user.key).sort(), expected, `turn ${turn}`);
    }
  }
});
