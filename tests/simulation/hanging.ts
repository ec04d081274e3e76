import { CORRECTIONS_TOPIC } from "../../src/record/correction.ts";
import { failTopology } from "./failures.ts";
import { DAMAGE } from "./simulated_reader.ts";
import { FAILED_MS, type World } from "./world.ts";

/** So long nothing is inserted: longer than a comparison waits for its turn. */
const HANG_MS = 45_000;
const STEPS_MAX = 3_000;
/** A process says at least so often how it stands. */
const SILENT_MS = 5_000;
/** At each step: how often something happens to the group, or a source changes. */
const EVENT_SHARE = 0.03;

/** So often a line is told again. */
const REPEATS = 3;
/** So long after a hang lines that are read again do not come. */
const SILENCE_MS = 30_000;
/** Steps after which all tasks that read lines move to other processes; and back. */
const LEAVE_STEP = 60;
const RETURN_STEP = 120;
/** So long sinks may take that are not behind data which cannot be read. */
const PROGRESS_MS = 60_000;
/** Far more steps than that takes: the more runs in a world, the more steps there are in a second of it. */
const PROGRESS_STEPS_MAX = 30_000;

/**
 * ClickHouse takes no inserts for a while, an inbox no messages, or a topic's data cannot be read, while sources change
 * and processes come and go. Until it does, and longer, every process must say how it stands. Returns what is wrong, or
 * null.
 */
export async function hang(world: World): Promise<string | null> {
  const { choices, scheduler, warehouse, log } = world;
  choices.point("hang");
  const drawn = choices.pick(["inserts", "inserts", "messages", "lines"] as const);
  const what = world.calm ? "inserts" : drawn;
  if (!choices.happens("hang", () => what)) return null;
  const inboxes = [...log.topics.values()].filter(({ name, compacted }) => !compacted && name !== CORRECTIONS_TOPIC);
  const inbox = choices.pick(inboxes);
  const lines = log.topics.get("sim.lines")!.partitions;
  const tables = choices.pick([["facts"], ["facts", "people", "shares", "totals"]]);
  /** Sources tell again what they told before: whatever is shown stays, whoever reads it. */
  const steady = what === "inserts" && (choices.chance(0.7) || world.calm);
  /** Nothing but that: what is fetched under overload stays fetched, and its tasks leave and return. */
  const calm = steady && (choices.chance(0.5) || world.calm);
  if (what === "inserts") {
    warehouse.hanging = tables;
    if (calm) repeatOne(world);
    else if (steady) { for (const id of world.truth.get("lines")!.keys()) repeat(world, { id, q: 10 }); }
  } else if (what === "messages") {
    log.refusing = { topic: inbox.name, partition: choices.below(inbox.partitions.length) };
  } else log.damaged = { topic: "sim.lines", partition: choices.below(lines.length) };
  if (calm && world.instances.length < 2) world.spawn();
  const ends = lines.map(({ end }) => end);
  const untilMs = scheduler.nowMs + HANG_MS;
  /** What moves a task back to where it was. */
  const returns: (() => void)[] = [];
  let wrong: string | null = null;
  for (let step = 0; step < STEPS_MAX && scheduler.nowMs < untilMs && wrong === null; step++) {
    choices.at("hang", step + 1);
    choices.point("event");
    if (calm && step === LEAVE_STEP) {
      returns.push(world.group.moveAll("lines"));
      log.silent = { topic: "sim.lines", untilMs: untilMs + SILENCE_MS };
    }
    if (calm && step === RETURN_STEP) returns.shift()!();
    if (!calm && choices.chance(EVENT_SHARE)) {
      if (steady) repeat(world);
      else world.change();
    }
    if (!calm && choices.chance(EVENT_SHARE)) rebalance(world, returns);
    if (!calm && returns.length > 0 && choices.chance(EVENT_SHARE)) returns.shift()!();
    choices.point("wake");
    if (choices.chance(0.2) || !await scheduler.step()) await scheduler.wakeNext();
    wrong = silent(world);
  }
  if (steady) keepRows(world);
  if (what === "lines" && wrong === null) wrong = await progress(world, ends);
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
    if (world.profile.failures && choices.chance(0.7)) failTopology(world);
    else if (choices.happens("kill", () => leaver.owner.name)) world.kill(leaver);
  } else if (choices.happens("move", () => "a task moves to another process and back")) {
    returns.push(world.group.move());
  }
}

/**
 * Lines cannot be read: that is a problem shown, and people, which need none, are right. `ends`: where the lines
 * ended when that began. Returns what is wrong, or null.
 */
async function progress(world: World, ends: readonly number[]): Promise<string | null> {
  const { log, scheduler, warehouse, profile } = world;
  log.faults = warehouse.faults = false;
  world.repair();
  world.group.comeBack();
  const untilMs = scheduler.nowMs + PROGRESS_MS + (profile.failures ? FAILED_MS : 0);
  // Where names are looked up, people need totals of the lines.
  const late = () => profile.large === "for weir" ? null : world.check({ only: "people" });
  const { partition } = log.damaged!;
  // Nobody meets what cannot be read where nothing is to be read.
  const told = () =>
    log.topics.get("sim.lines")!.partitions[partition].end === ends[partition] ||
    world.instances.some(({ runner }) => runner.problems.list().some(({ problem }) => problem === DAMAGE));
  for (let step = 0; step < PROGRESS_STEPS_MAX && (late() !== null || !told()); step++) {
    if (!await scheduler.step() && !await scheduler.wakeNext(untilMs)) break;
  }
  const behind = late();
  if (behind !== null) return `BEHIND though only lines cannot be read: ${behind}`;
  return told() ? null : "UNTOLD lines cannot be read, and that is no problem";
}

/** A line that is there is told again, with this quantity if one is given. */
function repeat(world: World, change: { readonly id?: number; readonly q?: number } = {}): void {
  const lines = world.truth.get("lines")!;
  if (lines.size === 0) return;
  const { id = world.choices.pick([...lines.keys()]), ...changed } = change;
  const { id: _, ...columns } = lines.get(id)!;
  world.put("lines", id, { ...columns, ...changed });
}

/** One line changes and is told again a few times: one part is taken and fills the sinks, the next is fetched then. */
function repeatOne(world: World): void {
  const lines = world.truth.get("lines")!;
  if (lines.size === 0) return;
  const id = world.choices.pick([...lines.keys()]);
  repeat(world, { id, q: lines.get(id)!.q === 10 ? 11 : 10 });
  for (let times = 0; times < REPEATS; times++) repeat(world, { id });
}

/** From here on no row of the lines may vanish, not for a moment, but those that grow old. */
function keepRows(world: World): void {
  if (world.profile.expires) return;
  const { memory } = world.warehouse;
  // Held ones may turn out to be gone.
  const rows = memory.select("facts").length - (world.held.get("facts") ?? 0);
  world.warehouse.onInsert = () => {
    const left = memory.select("facts").length;
    if (left < rows) world.wrong ??= `VANISHED facts shows ${left} of ${rows} rows though none was deleted`;
  };
}

function silent({ instances, scheduler }: World): string | null {
  for (const { owner, runner, watch, failed } of instances) {
    // Nothing runs that could say something.
    if (failed) watch.reportedMs = scheduler.nowMs;
    const silentMs = scheduler.nowMs - watch.reportedMs;
    if (silentMs > SILENT_MS && runner.status().tasks.length > 0) {
      return `SILENT ${owner.name} has not said for ${silentMs} ms how it stands`;
    }
  }
  return null;
}
