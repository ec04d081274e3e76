import type { Topology } from "../../src/mod.ts";
import { type RunEvent, Runner } from "../../src/runtime/runner.ts";
import type { Choices } from "./choices.ts";
import { isSimulated, portsOf, type Surroundings, watchOf } from "./process.ts";
import type { Owner } from "./scheduler.ts";
import { Group } from "./simulated_group.ts";

/** So long after a failure a twin begins anew. */
const PAUSE_MS = 1_000;
/** Of what happens to twins: so much is that one of their tasks moves. */
const MOVE_SHARE = 0.25;

/** The second topology of one process: it uses the global tables that the first one uses, and begins anew alone. */
class Twin {
  readonly owner: Owner;
  runner: Runner;
  /** It has ended, and has not begun anew yet. */
  away = false;
  readonly #around: Surroundings;

  constructor(around: Surroundings, owner: Owner) {
    this.#around = around;
    this.owner = owner;
    this.runner = this.#begin();
  }

  #begin(): Runner {
    const { owner } = this;
    const { topology, options, onRestart, onWrong } = this.#around;
    const watch = watchOf(this.#around);
    const onEvent = (event: RunEvent) => {
      if (event.kind === "restart") onRestart();
      watch.told(event, runner.problems);
    };
    const runner: Runner = new Runner(topology, portsOf(this.#around, { owner, watch }), { options, onEvent });
    const failed = (error: Error) => {
      if (owner.dead || this.away || runner !== this.runner) return;
      const mistake = error.name === "ConfigError" || error.name === "TypeError" || error.name === "RestoreError";
      if (mistake && !isSimulated(error.message)) onWrong(`FAILED twin of ${owner.name} ${error.stack}`);
      this.beginAnew();
    };
    runner.failed.then(failed);
    runner.start().catch(failed);
    return runner;
  }

  /** Ends and begins anew, beside the first topology, which goes on. */
  beginAnew(): void {
    if (this.away) return;
    this.away = true;
    const { scheduler, onFailure } = this.#around;
    onFailure();
    this.runner.stop()
      .then(() => scheduler.sleep(this.owner, PAUSE_MS))
      .then(() => {
        if (this.owner.dead) return;
        this.away = false;
        this.runner = this.#begin();
      });
  }

  get idle(): boolean {
    if (this.away || this.runner.topics === null) return false;
    const { done, sinks } = this.runner.knownUnfinished();
    return done || (this.runner.status().tasks.length === 0 && sinks.length === 0);
  }
}

/** The second topologies of all processes, if there are any. */
export class Twins {
  readonly topology: Topology;
  readonly group: Group;
  readonly #choices: Choices;
  #twins: Twin[] = [];

  constructor(topology: Topology, { scheduler, choices, log }: Pick<Surroundings, "scheduler" | "choices" | "log">) {
    this.topology = topology;
    this.#choices = choices;
    this.group = new Group(scheduler);
    log.groups.set(`weir.${topology.name}`, this.group);
  }

  /** One more, in this process. */
  spawn(around: Surroundings, owner: Owner): void {
    this.#twins.push(new Twin({ ...around, topology: this.topology }, owner));
  }

  /** Those whose process died are gone. */
  bury(): void {
    this.#twins = this.#twins.filter(({ owner }) => !owner.dead);
    this.group.balance();
  }

  /** Something happens to one of them alone. */
  disturb(): void {
    const choices = this.#choices;
    if (this.#twins.length === 0) return;
    if (choices.chance(MOVE_SHARE)) {
      if (choices.happens("move-twin", () => "a task of the second topology moves")) this.group.move();
      return;
    }
    const twin = choices.pick(this.#twins);
    if (choices.happens("restart-twin", () => `of ${twin.owner.name}`)) twin.beginAnew();
  }

  /** Whether none of them has anything left to do. */
  get idle(): boolean {
    return this.#twins.every(({ idle }) => idle) &&
      (this.#twins.length === 0 || this.#twins.some(({ runner }) => runner.status().tasks.length > 0));
  }

  /** What is not as it must be at rest, or null. */
  unrest(): string | null {
    for (const { owner, runner } of this.#twins) {
      const told = runner.problems.list().filter(({ name }) => !name.startsWith("task "));
      if (!runner.ready) return `NOT READY twin of ${owner.name}`;
      if (told.length > 0) return `UNTRUE twin of ${owner.name} tells of a problem that is over: ${told[0].problem}`;
    }
    return null;
  }

  /** How they stand. */
  state(): string {
    return this.#twins.map(({ owner, runner, away }) =>
      `twin of ${owner.name}${away ? " away" : ""} ${JSON.stringify(runner.knownUnfinished())}`
    ).join(" | ");
  }
}
