import type { World } from "./world.ts";

/** So long nothing is inserted: longer than a comparison waits for its turn. */
const HANG_MS = 45_000;
const STEPS_MAX = 3_000;
/** A process says at least so often how it stands. */
const SILENT_MS = 5_000;
/** At each step: how often something happens to the group, or a source changes. */
const EVENT_SHARE = 0.03;

/**
 * ClickHouse takes no inserts for a while, or an inbox no messages, while sources change and processes come and go.
 * Until it does, and longer, every process must say how it stands. Returns what is wrong, or null.
 */
export async function hang(world: World): Promise<string | null> {
  const { choices, scheduler, warehouse, log } = world;
  choices.point("hang");
  const what = choices.pick(["inserts", "inserts", "messages"] as const);
  if (!choices.happens("hang", () => what)) return null;
  const inboxes = [...log.topics.values()].filter(({ compacted }) => !compacted);
  const inbox = choices.pick(inboxes);
  const tables = choices.pick([["facts"], ["facts", "people", "shares", "totals"]]);
  /** Sources tell again what they told before: whatever is shown stays, whoever reads it. */
  const steady = what === "inserts" && choices.chance(0.7);
  if (what === "inserts") {
    warehouse.hanging = tables;
    if (steady) { for (const id of world.truth.get("lines")!.keys()) repeat(world, { id, q: 10 }); }
  } else log.refusing = { topic: inbox.name, partition: choices.below(inbox.partitions.length) };
  const untilMs = scheduler.nowMs + HANG_MS;
  /** What moves a task back to where it was. */
  const returns: (() => void)[] = [];
  let wrong: string | null = null;
  for (let step = 0; step < STEPS_MAX && scheduler.nowMs < untilMs && wrong === null; step++) {
    choices.at("hang", step + 1);
    choices.point("event");
    if (choices.chance(EVENT_SHARE)) {
      if (steady) repeat(world);
      else world.change();
    }
    if (choices.chance(EVENT_SHARE)) rebalance(world, returns);
    if (returns.length > 0 && choices.chance(EVENT_SHARE)) returns.shift()!();
    choices.point("wake");
    if (choices.chance(0.2) || !await scheduler.step()) await scheduler.wakeNext();
    wrong = silent(world);
  }
  if (steady) keepRows(world);
  warehouse.hanging = [];
  log.refusing = null;
  return wrong;
}

function rebalance(world: World, returns: (() => void)[]): void {
  const { choices } = world;
  const kind = choices.below(3);
  if (kind === 0 && world.instances.length < 4) {
    if (choices.happens("start")) world.spawn();
  } else if (kind === 1 && world.instances.length > 1) {
    const leaver = choices.pick(world.instances);
    if (choices.happens("kill", () => leaver.owner.name)) world.kill(leaver);
  } else if (choices.happens("move", () => "a task moves to another process and back")) {
    returns.push(world.group.move());
  }
}

/** A line that is there is told again, with this quantity if one is given. */
function repeat(world: World, change: { readonly id?: number; readonly q?: number } = {}): void {
  const lines = world.truth.get("lines")!;
  if (lines.size === 0) return;
  const { id = world.choices.pick([...lines.keys()]), ...changed } = change;
  const { id: _, ...columns } = lines.get(id)!;
  world.put("lines", id, { ...columns, ...changed });
}

/** From here on no row of the lines may vanish, not for a moment. */
function keepRows(world: World): void {
  const { memory } = world.warehouse;
  const rows = memory.select("facts").length;
  world.warehouse.onInsert = () => {
    const left = memory.select("facts").length;
    if (left < rows) world.wrong ??= `VANISHED facts shows ${left} of ${rows} rows though none was deleted`;
  };
}

function silent({ instances, scheduler }: World): string | null {
  for (const { owner, runner, watch } of instances) {
    const silentMs = scheduler.nowMs - watch.reportedMs;
    if (silentMs > SILENT_MS && runner.status().tasks.length > 0) {
      return `SILENT ${owner.name} has not said for ${silentMs} ms how it stands`;
    }
  }
  return null;
}
