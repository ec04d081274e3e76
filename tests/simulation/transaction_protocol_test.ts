import { assert, assertEquals } from "@std/assert";
import type { AppendBatch, Log, Membership } from "../../src/ports/log.ts";
import { ProductionError } from "../../src/record/errors.ts";
import { Choices } from "./choices.ts";
import { insistently } from "./insistently.ts";
import { type Owner, Scheduler } from "./scheduler.ts";
import { Group } from "./simulated_group.ts";
import { SimulatedLog } from "./simulated_log.ts";
import type { LogBugs } from "./stored_topic.ts";
import { PROTOCOL_MUTANTS } from "./transaction_mutants.ts";

const SEEDS = 400;
const MUTANT_SEEDS = 150;
const INPUTS = 60;
const STEPS_MAX = 6_000;
const FAULTY_STEPS = 600;
const PARTITIONS = 2;
const OUT = "out";
const place = { topic: "events", partition: 0 };

interface Process {
  readonly log: Log;
  readonly choices: Choices;
  readonly sleep: () => Promise<void>;
}

/** The plainest user of transactions: a record for each input, and the position behind them. */
async function work(process: Process): Promise<void> {
  const { log, sleep } = process;
  const membership = await log.join({
    group: "streams",
    tasks: [{ id: "events-0", partitions: [place], transactional: true }],
    onAssigned: () => {},
    onFailed: () => {},
  });
  for (;;) {
    try {
      await workTenure(process, membership);
    } catch (error) {
      if (!(error instanceof ProductionError)) throw error;
    }
    await sleep();
  }
}

async function workTenure({ choices, sleep }: Process, membership: Membership): Promise<void> {
  const [held] = await membership.held([place]);
  if (held === undefined) return;
  const { tenure, progress } = held;
  let offset = progress?.offset ?? 0;
  while (offset < INPUTS) {
    const to = Math.min(INPUTS, offset + 1 + choices.below(6));
    const transaction = { tenure, batches: batchesOf(offset, to) };
    await insistently(sleep, () => membership.transact({ ...place, offset: to, note: `from ${offset}` }, transaction));
    offset = to;
    if (choices.chance(0.2)) {
      await insistently(sleep, () => membership.advance({ ...place, offset, note: "plain" }, tenure));
    }
  }
}

function batchesOf(from: number, to: number): AppendBatch[] {
  const inputs = Array.from({ length: to - from }, (_, index) => from + index);
  return [...Map.groupBy(inputs, (input) => input % PARTITIONS)].map(([partition, those]) => ({
    topic: OUT,
    partition,
    records: those.map((input) => ({ key: null, value: String(input) })),
  }));
}

/** Two processes that are killed, lose their task and are not told, with every fault; then rest. What readers find. */
async function run(seed: number, bugs: LogBugs = {}): Promise<number[]> {
  const choices = new Choices(seed);
  const scheduler = new Scheduler(choices);
  const group = new Group(scheduler);
  const log = new SimulatedLog(scheduler, group, bugs);
  log.create({ name: OUT, partitions: PARTITIONS, cleanup: "delete", retentionMs: -1 });
  const owners: Owner[] = [];
  const spawn = () => {
    const owner: Owner = { name: `p${scheduler.steps}`, dead: false, bug: false };
    owners.push(owner);
    void work({ log: log.portFor(owner), choices, sleep: () => scheduler.sleep(owner, 50) });
  };
  const kill = () => {
    const [owner] = owners.splice(choices.below(owners.length), 1);
    owner.dead = true;
    for (const { kind, run: arrive, owner: asker } of scheduler.operations) {
      if (asker === owner && kind.startsWith("transaction") && choices.chance(0.5)) log.ghosts.push(arrive);
    }
    scheduler.bury();
    group.balance();
    spawn();
  };
  spawn();
  spawn();
  for (let step = 0; step < STEPS_MAX; step++) {
    const faulty = step < FAULTY_STEPS;
    log.faults = faulty;
    if (faulty && choices.chance(0.02)) kill();
    if (faulty && choices.chance(0.02)) group.bounce();
    if (faulty && choices.chance(0.02)) group.move();
    if (choices.chance(0.02)) group.comeBack();
    // Longer than brokers leave a transaction open.
    if (faulty && choices.chance(0.005)) scheduler.nowMs += 11_000;
    if (log.ghosts.length > 0 && choices.chance(0.05)) log.ghosts.splice(choices.below(log.ghosts.length), 1)[0]();
    const moved = await scheduler.step();
    if (!moved || choices.chance(0.2)) await scheduler.wakeNext();
    if (!faulty && log.ghosts.length === 0 && new Set(committed(log)).size === INPUTS) break;
  }
  for (let step = 0; step < 300; step++) if (!await scheduler.step()) await scheduler.wakeNext();
  for (const owner of owners) owner.dead = true;
  scheduler.bury();
  return committed(log);
}

/** As a consumer of committed records takes them, one partition behind the other. */
function committed({ topics, progress: { transactions } }: SimulatedLog): number[] {
  return topics.get(OUT)!.partitions.flatMap((partition) => {
    const end = transactions.firstOpen(partition) ?? partition.end;
    return partition.records.filter(({ offset }) => offset < end).map(({ value }) => Number(value));
  });
}

const wanted = Array.from({ length: INPUTS }, (_, input) => input).sort((a, b) => a % PARTITIONS - b % PARTITIONS);

Deno.test(`Membership.transact(): each input has its record once, in order (${SEEDS} seeds)`, async () => {
  for (let seed = 1; seed <= SEEDS; seed++) assertEquals(await run(seed), wanted, `seed ${seed}`);
});

for (const { name, rule, apply = () => () => {}, options } of PROTOCOL_MUTANTS) {
  Deno.test(`Membership.transact(): it is noticed without the rule: ${rule} (${name})`, async () => {
    const undo = apply();
    try {
      let wrong = 0;
      for (let seed = 1; seed <= MUTANT_SEEDS && wrong === 0; seed++) {
        if (JSON.stringify(await run(seed, options?.log)) !== JSON.stringify(wanted)) wrong = seed;
      }
      assert(wrong > 0, `${MUTANT_SEEDS} seeds notice nothing`);
    } finally {
      undo();
    }
  });
}
