import { decoded, evaluateRow, type Look } from "./program.ts";
import { digestOf, type Row } from "./values.ts";
import type { World } from "./world.ts";

/** What should be shown, computed from the source alone. */
interface Expected {
  readonly rows: Map<string, Row>;
  readonly groups: Map<string, { n: number; s: number }>;
  /** Keys of rows that fail. */
  readonly failed: Set<string>;
}

function computed({ truth, plan }: World): Expected {
  const expected: Expected = { rows: new Map(), groups: new Map(), failed: new Set() };
  const look: Look = (table, key) => {
    const row = truth[table].get(key) ?? null;
    if (table !== "O" || row === null || !plan.derived) return row;
    return evaluateRow("O", row, { plan, look }).result;
  };
  for (const [key, row] of truth.L) {
    const { result, added, failed } = evaluateRow("L", decoded(row, plan), { plan, look });
    if (failed) expected.failed.add(key);
    if (result === null || typeof result === "symbol") continue;
    expected.rows.set(key, result);
    const group = expected.groups.get(String(result.sl)) ?? { n: 0, s: 0 };
    expected.groups.set(String(result.sl), { n: group.n + 1, s: group.s + added });
  }
  return expected;
}

/** What is shown and should not be, or should be and is not; null if all is right. */
export function wrongRow(world: World): string | null {
  const expected = computed(world);
  const shown = world.warehouse.shown("rows");
  for (const key of new Set([...shown.keys(), ...expected.rows.keys()])) {
    const is = digestOf(shown.get(key) ?? null);
    const should = digestOf(expected.rows.get(key) ?? null);
    if (is !== should) return `row ${key} is ${is}, should be ${should}`;
  }
  const groups = new Map<string, { n: number; s: number }>();
  for (const [key, share] of world.warehouse.shown("shares")) {
    const [name] = key.split("|");
    const group = groups.get(name) ?? { n: 0, s: 0 };
    groups.set(name, { n: group.n + Number(share.n), s: group.s + Number(share.s) });
  }
  for (const name of new Set([...groups.keys(), ...expected.groups.keys()])) {
    const is = digestOf(groups.get(name) ?? null);
    const should = digestOf(expected.groups.get(name) ?? null);
    if (is !== should) return `group ${name} is ${is}, should be ${should}`;
  }
  return null;
}

/** A letter of a row that does not fail, or a row that fails and has none. */
export function wrongLetter(world: World): string | null {
  const { failed } = computed(world);
  for (const key of new Set([...failed, ...world.letters.keys()])) {
    if (!failed.has(key)) return `letter of ${key}, which does not fail`;
    if (!world.letters.has(key)) return `no letter of ${key}, which fails`;
  }
  return null;
}

/** A task that has not come to rest. */
export function stuckTask(world: World): string | null {
  for (const task of world.tasks.values()) {
    if (!task.loaded) return `${task.id} is not loaded`;
    if (task.table !== "L" || task.complete) continue;
    const pending = [...task.entries].filter(([, entry]) => entry.pending).map(([key]) => key);
    return `${task.id} is not complete; pending: ${pending.join(" ")}`;
  }
  return null;
}
