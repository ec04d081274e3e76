import { assertEquals } from "@std/assert";
import type { Log, Membership } from "../../src/ports/log.ts";
import type { AppendRows, Warehouse } from "../../src/ports/warehouse.ts";
import { ProductionError } from "../../src/record/errors.ts";
import { appendOf, EVENTS, inputs } from "../ports/warehouse_fixtures.ts";
import { Choices } from "./choices.ts";
import { insistently } from "./insistently.ts";
import { type Owner, Scheduler } from "./scheduler.ts";
import { Group } from "./simulated_group.ts";
import { SimulatedLog } from "./simulated_log.ts";
import { SimulatedWarehouse } from "./simulated_warehouse.ts";

const SEEDS = 400;
const INPUTS = 60;
const STEPS_MAX = 4_000;
/** A range's rows may be sent so long, and the table knows their token no longer than that. */
const DEADLINE_MS = 300;
const place = { topic: "events", partition: 0 };

/** What is left out on purpose: the test must notice. */
interface Omissions {
  /** What an earlier call may have added is not looked for. */
  readonly repeated?: true;
  /** A range is not announced. */
  readonly announcement?: true;
  /** What is sent may come at any time. */
  readonly deadline?: true;
}

interface Process {
  readonly owner: Owner;
  readonly log: Log;
  readonly warehouse: Warehouse;
  readonly choices: Choices;
  readonly sleep: () => Promise<void>;
  readonly omits: Omissions;
}

/** The plainest user of the two ports: announces a range, appends its rows, announces the next one. */
async function work(process: Process): Promise<void> {
  const { log, warehouse, sleep } = process;
  await insistently(sleep, () => warehouse.ensureAppend(EVENTS));
  const options = { group: "streams", onAssigned: () => {}, onFailed: () => {} };
  const membership = await log.join({ ...options, tasks: [{ id: "events@0", partitions: [place] }] });
  for (;;) {
    try {
      await workTenure(process, membership);
    } catch (error) {
      if (!(error instanceof ProductionError)) throw error;
    }
    await sleep();
  }
}

async function workTenure({ warehouse, choices, sleep, omits }: Process, membership: Membership): Promise<void> {
  const [held] = await membership.held([place]);
  if (held === undefined) return;
  const { tenure, progress } = held;
  const announce = async (offset: number, to: number): Promise<number> => {
    const deadlineMs = await insistently(sleep, () => warehouse.nowMs()) + DEADLINE_MS;
    const note = omits.announcement ? "" : String(to);
    await insistently(sleep, () => membership.advance({ ...place, offset, note }, tenure));
    return omits.deadline ? deadlineMs + 1e9 : deadlineMs;
  };
  /** Repeats it until it is acknowledged (true), or late. */
  const append = async (rows: AppendRows): Promise<boolean> => {
    let { repeated } = rows;
    try {
      await insistently(sleep, () => {
        const call = warehouse.append({ ...rows, repeated: omits.repeated ? undefined : repeated });
        repeated = true;
        return call;
      });
      return true;
    } catch (error) {
      if ((error as ProductionError).reason !== "late") throw error;
      return false;
    }
  };
  /** An insert is all there or not at all: whoever sees nothing behind the own announcement sends it once more. */
  const settle = async (offset: number, to: number): Promise<void> => {
    for (;;) {
      const deadlineMs = await announce(offset, to);
      const there = await insistently(sleep, () => warehouse.appended(EVENTS, inputs(offset, to)));
      if (there.length > 0) return;
      if (await append(appendOf(inputs(offset, to), { repeated: true, deadlineMs }))) return;
    }
  };
  let offset = progress?.offset ?? 0;
  if (progress !== null && progress.note !== "") {
    const to = Number(progress.note);
    await settle(offset, to);
    offset = to;
  }
  while (offset < INPUTS) {
    const to = Math.min(INPUTS, offset + 1 + choices.below(6));
    const deadlineMs = await announce(offset, to);
    if (!await append(appendOf(inputs(offset, to), { deadlineMs }))) await settle(offset, to);
    offset = to;
  }
  await insistently(sleep, () => membership.advance({ ...place, offset, note: "" }, tenure));
}

/** Two processes that are killed, lose their task and are not told, with every fault; then rest. Offsets found. */
async function run(seed: number, omits: Omissions = {}): Promise<number[]> {
  const choices = new Choices(seed);
  const scheduler = new Scheduler(choices);
  const group = new Group(scheduler);
  const log = new SimulatedLog(scheduler, group, {});
  const warehouse = new SimulatedWarehouse(scheduler, { bugs: {}, refuses: () => false, tokenMs: DEADLINE_MS });
  warehouse.setClock();
  const owners: Owner[] = [];
  const ghosts = [log.ghosts, warehouse.ghosts, warehouse.veryLate];
  const spawn = () => {
    const owner: Owner = { name: `p${scheduler.steps}`, dead: false, bug: false };
    owners.push(owner);
    const ports = { log: log.portFor(owner), warehouse: warehouse.portFor(owner) };
    const sleep = () => scheduler.sleep(owner, 50);
    void work({ owner, ...ports, choices, sleep, omits });
  };
  const kill = () => {
    const [owner] = owners.splice(choices.below(owners.length), 1);
    owner.dead = true;
    for (const { kind, run: arrive, owner: asker } of scheduler.operations) {
      if (asker === owner && kind === "append rows" && choices.chance(0.5)) warehouse.ghosts.push(arrive);
    }
    scheduler.bury();
    group.balance();
    spawn();
  };
  spawn();
  spawn();
  for (let step = 0; step < STEPS_MAX; step++) {
    const faulty = step < 400;
    log.faults = warehouse.faults = faulty;
    if (faulty && choices.chance(0.02)) kill();
    if (faulty && choices.chance(0.01)) warehouse.aheadMs += choices.below(2 * DEADLINE_MS);
    if (faulty && choices.chance(0.02)) group.bounce();
    if (choices.chance(0.02)) group.comeBack();
    for (const list of ghosts) {
      if (list.length > 0 && choices.chance(list === warehouse.veryLate ? 0.01 : 0.1)) {
        list.splice(choices.below(list.length), 1)[0]();
      }
    }
    const moved = await scheduler.step();
    if (!moved || choices.chance(0.2)) await scheduler.wakeNext();
    if (!faulty && ghosts.every((list) => list.length === 0) && isDone(await places(warehouse))) break;
  }
  for (let step = 0; step < 200; step++) if (!await scheduler.step()) await scheduler.wakeNext();
  for (const owner of owners) owner.dead = true;
  scheduler.bury();
  return await places(warehouse);
}

async function places({ memory }: SimulatedWarehouse): Promise<number[]> {
  if (memory.select("events") === null) return [];
  return (await memory.appended(EVENTS, inputs(0, INPUTS))).map(({ offset }) => offset);
}

function isDone(offsets: readonly number[]): boolean {
  return new Set(offsets).size === INPUTS;
}

const all = Array.from({ length: INPUTS }, (_, offset) => offset);

Deno.test(`Membership and Warehouse: what is announced first is there once (${SEEDS} seeds)`, async () => {
  for (let seed = 1; seed <= SEEDS; seed++) assertEquals(await run(seed), all, `seed ${seed}`);
});

for (const omission of ["repeated", "announcement", "deadline"] as const) {
  Deno.test(`Membership and Warehouse: it is noticed when the ${omission} is left out`, async () => {
    let wrong = 0;
    for (let seed = 1; seed <= 30; seed++) {
      const found = await run(seed, { [omission]: true });
      if (JSON.stringify(found) !== JSON.stringify(all)) wrong++;
    }
    assertEquals(wrong > 0, true);
  });
}
