import { assertEquals, assertThrows } from "@std/assert";
import { Links, type Walk } from "../../src/state/links.ts";
import { SlotTable } from "../../src/state/slot_table.ts";
import { NO_SLOT } from "../../src/state/slots.ts";
import { choicesOf } from "../oracle/random.ts";
import { eachSeed } from "./each_seed.ts";
import { loadAll, readerOf, sectionsOf } from "./memory_sections.ts";

function made(lefts: number, rights: number) {
  const [left, right] = [new SlotTable(), new SlotTable()];
  const links = new Links(left, right);
  for (let key = 0; key < lefts; key++) left.add(key);
  for (let key = 0; key < rights; key++) right.add(key);
  return { left, right, links };
}

function taken(walk: Walk): number[] {
  const users: number[] = [];
  for (let user = walk.next(); user !== NO_SLOT; user = walk.next()) users.push(user);
  return users;
}

const sorted = (numbers: Iterable<number>) => [...numbers].sort((a, b) => a - b);

Deno.test("Links: a walk passes over who left, and leaves out who came, or came back", () => {
  const { links } = made(6, 2);
  for (let user = 0; user < 5; user++) links.use(user, 0);
  const walk = links.walk(0);
  const first = walk.next();
  const others = [0, 1, 2, 3, 4].filter((user) => user !== first);
  links.release(others[0]);
  links.use(others[0], 0);
  links.use(others[1], 1);
  links.use(5, 0);
  links.release(first);
  assertEquals(sorted(taken(walk)), others.slice(2));
  assertEquals(walk.next(), NO_SLOT);
  walk.restart();
  assertEquals(sorted(taken(walk)), sorted([others[0], ...others.slice(2), 5]));
  walk.restart();
  walk.close();
  assertEquals(walk.next(), NO_SLOT);
});

Deno.test("Links.release tells the right slot that has no user any more", () => {
  const { links } = made(2, 1);
  links.use(0, 0);
  links.use(1, 0);
  assertEquals([links.release(0), links.release(0), links.release(1), links.users(0)], [NO_SLOT, NO_SLOT, 0, 0]);
});

Deno.test("Links: a left slot that is removed uses nothing; a right slot that is used cannot be removed", () => {
  const { left, right, links } = made(1, 1);
  links.use(0, 0);
  assertThrows(() => right.remove(0), RangeError, "1 users");
  left.remove(0);
  assertEquals(links.users(0), 0);
  right.remove(0);
});

interface WalkUnderWay {
  readonly walk: Walk;
  readonly right: number;
  /** Users since the walk began who have not come yet. */
  readonly left: Set<number>;
}

/** Random changes and walks under way, against sets. */
function attempt({ seed, steps }: { readonly seed: number; readonly steps: number }): void {
  const [lefts, rights] = [60, 7];
  const choices = choicesOf(seed);
  let { left, right, links } = made(lefts, rights);
  const used: number[] = new Array(lefts).fill(NO_SLOT);
  let walks: WalkUnderWay[] = [];
  const usersOf = (slot: number) => new Set(used.flatMap((of, user) => of === slot ? [user] : []));
  const leave = (user: number) => walks.forEach((walk) => walk.left.delete(user));
  for (let step = 0; step < steps; step++) {
    const user = choices.int(lefts);
    const of = choices.chance(0.3) ? 0 : choices.int(rights);
    const what = choices.int(10);
    if (what < 5) {
      if (used[user] !== of) leave(user);
      links.use(user, used[user] = of);
    } else if (what < 7) {
      const before = used[user];
      used[user] = NO_SLOT;
      leave(user);
      const empty = before !== NO_SLOT && usersOf(before).size === 0 ? before : NO_SLOT;
      assertEquals(links.release(user), empty);
    } else if (what === 7 && walks.length < 5) walks.push({ walk: links.walk(of), right: of, left: usersOf(of) });
    else if (what === 8 && walks.length > 0) {
      const again = choices.of(walks);
      const how = choices.int(10);
      if (how === 0) {
        again.walk.restart();
        again.left.clear();
        for (const user of usersOf(again.right)) again.left.add(user);
      } else if (how === 1) {
        again.walk.close();
        walks = walks.filter((walk) => walk !== again);
      }
    } else {
      for (const { walk, left } of walks) {
        const next = walk.next();
        assertEquals(next === NO_SLOT, left.size === 0);
        if (next !== NO_SLOT) assertEquals(left.delete(next), true);
      }
    }
    assertEquals([links.of(user), links.users(of)], [used[user], usersOf(of).size]);
    if (walks.length > 0 || !choices.chance(1 / 500)) continue;
    const sections = [sectionsOf(right), sectionsOf(left)];
    ({ left, right, links } = made(0, 0));
    loadAll(right.load(readerOf(sections[0])));
    loadAll(left.load(readerOf(sections[1])));
  }
  for (const { walk, left } of walks) assertEquals(sorted(taken(walk)), sorted(left));
  for (let of = 0; of < rights; of++) assertEquals(sorted(taken(links.walk(of))), sorted(usersOf(of)));
}

Deno.test("Links holds what sets of users hold, with walks under way, also from a snapshot", () => {
  eachSeed(5, (seed) => attempt({ seed, steps: 20_000 }));
});

Deno.test("Links refuses a snapshot with a link to no row", () => {
  const { left, right, links } = made(3, 3);
  links.use(1, 2);
  const sections = sectionsOf(left);
  const copy = made(0, 0);
  assertThrows(() => loadAll(copy.left.load(readerOf(sections))), RangeError, "slot 2");
  const again = made(0, 0);
  loadAll(again.right.load(readerOf(sectionsOf(right))));
  loadAll(again.left.load(readerOf(sections)));
  assertEquals(taken(again.links.walk(2)), [1]);
});
