import { openEmbeddedDeadLetters } from "../../../src/adapters/local/dead_letters.ts";
import type { KeptLetter } from "../../../src/adapters/local/dead_letters.ts";
import type { Topology } from "../../../src/mod.ts";
import type { Schemas } from "../../../src/ports/schemas.ts";
import type { Snapshots } from "../../../src/ports/snapshots.ts";
import type { RunOptions } from "../../../src/runtime/options.ts";
import type { LetterEdit, ReplayResult } from "../../../src/runtime/replays/replay.ts";
import { createMemorySnapshots } from "../../../src/testing/memory_snapshots.ts";
import { createMemoryWarehouse, type RefuseRow } from "../../../src/testing/memory_warehouse.ts";
import { openStepLog, StepRun } from "../step_run.ts";

/** Topics, a warehouse, snapshots and dead letters that outlast the runs of topologies on them. */
export class ReplayWorld {
  readonly letters = openEmbeddedDeadLetters({ path: ":memory:" });
  readonly warehouse: ReturnType<typeof createMemoryWarehouse>;
  readonly snapshots: Snapshots = createMemorySnapshots();
  readonly #opened: Awaited<ReturnType<typeof openStepLog>>;
  #run: StepRun | null = null;
  /** Of records that are written through a registry; absent: all are JSON. */
  schemas?: Schemas;

  private constructor(opened: Awaited<ReturnType<typeof openStepLog>>, refuses?: RefuseRow) {
    this.#opened = opened;
    this.warehouse = createMemoryWarehouse(refuses);
  }

  static async open(topics: Readonly<Record<string, number>>, refuses?: RefuseRow): Promise<ReplayWorld> {
    return new ReplayWorld(await openStepLog(topics), refuses);
  }

  get log() {
    return this.#opened.log;
  }

  get run(): StepRun {
    return this.#run!;
  }

  /** Begins a run and settles it. */
  async start(topology: Topology, options: Partial<RunOptions> = {}): Promise<void> {
    const { clock, log } = this.#opened;
    const ports = {
      log,
      warehouse: this.warehouse,
      snapshots: this.snapshots,
      deadLetters: this.letters,
      schemas: this.schemas,
    };
    this.#run = new StepRun(topology, { clock, ports, options: { snapshotEveryMs: 0, ...options } }).start();
    await this.settled();
  }

  /** Begins another topology on the same topics, as another process would: it knows nothing of the first one. */
  beside(topology: Topology): StepRun {
    const { clock, log } = this.#opened;
    const ports = { log, warehouse: this.warehouse, deadLetters: this.letters, process: {} };
    return new StepRun(topology, { clock, ports, options: { snapshotEveryMs: 0 } }).start();
  }

  async settled(): Promise<void> {
    await this.run.settled();
    await this.run.runner.deadLetters.flush();
  }

  async pass(ms: number): Promise<void> {
    await this.#opened.clock.pass(ms);
    await this.settled();
  }

  /** Appends to partition 0 of a topic. Resolves to the offset. */
  async append(topic: string, record: { readonly key: string | null; readonly value: string | null }): Promise<number> {
    const [offset] = await this.log.append([{ topic, partition: 0, records: [record] }]);
    return offset;
  }

  /** Open letters, the oldest first. */
  open(): KeptLetter[] {
    return this.letters.list({ state: "open" }).reverse();
  }

  /** Replays letters while time passes. */
  async replay(letters: readonly KeptLetter[], edit: LetterEdit | null = null): Promise<ReplayResult[]> {
    let over = false;
    const replaying = this.run.runner.replays!.replay(letters.map((letter) => ({ letter, edit })))
      .finally(() => over = true);
    while (!over) await this.#opened.clock.pass(50);
    await this.settled();
    return await replaying;
  }

  /** What the view of a sink shows, the rows as text. */
  shown(sink: string): string[] {
    return this.warehouse.select(sink).map((row) => JSON.stringify(row)).sort();
  }

  async close(): Promise<void> {
    await this.run.stop();
    await this.log.close();
    this.letters.close();
  }
}
