import type { Position } from "../../ports/log.ts";
import type { DeadLetterQueue } from "../delivery/dead_letter_queue.ts";
import type { Task } from "../task/task.ts";
import type { GlobalLetters } from "./global_letters.ts";
import type { Instance } from "./instance.ts";
import type { SetAside } from "./set_aside.ts";
import type { TaskHost } from "./task_host.ts";
import { flowsOf } from "./topics.ts";
import { taskId, taskIds } from "../../record/task_id.ts";

const NOT_AGAIN = "a later start of the topology evaluated everything and did not meet it again";
const NO_TASK = "the task that wrote it no longer exists, or an earlier version of Weir wrote it";

/** Who writes letters, and what must be known of it. */
interface EarlierLettersParts {
  readonly letters: DeadLetterQueue;
  readonly globals: GlobalLetters;
  readonly setAside: SetAside;
}

/**
 * Dead letters of earlier runs. A start reads and evaluates everything again, but for records that a snapshot covers,
 * so whatever still applies is written again, in a greater epoch: when all tasks of this instance run, and what they
 * sent was taken or refused, the others are marked as resolved. Letters of tasks that no longer exist are marked by the
 * instance that has the first task.
 */
export class EarlierLetters {
  readonly #instance: Instance;
  readonly #parts: EarlierLettersParts;
  readonly #done = new WeakSet<Task>();
  #globalsDone = false;
  #goneDone = false;

  constructor(instance: Instance, parts: EarlierLettersParts) {
    this.#instance = instance;
    this.#parts = parts;
  }

  /** Marks what is known by now; to be called while every task runs. Resolves when that is done. */
  async check(): Promise<void> {
    const { hosts, writers, producer, topics: { plan } } = this.#instance;
    const waiting = [...hosts.values()].filter(({ task }) => task !== null && !this.#done.has(task));
    if (waiting.length === 0 && this.#globalsDone) return;
    const tasks = new Map(waiting.map((host) => [host, host.task!]));
    await Promise.all([...writers.values()].map((writer) => writer.barrier()));
    await producer.idle();
    for (const [host, task] of tasks) if (this.#isSettled(host, task)) this.#start(host, task);
    if (!this.#globalsDone) {
      this.#globalsDone = true;
      for (const table of plan.globals) this.#resolve(this.#parts.globals.makerOf(table), []);
    }
    this.#gone();
  }

  #isSettled(host: TaskHost, task: Task): boolean {
    return host.task === task && !task.closed && task.complete && !task.catchingUp &&
      this.#parts.setAside.answered(host);
  }

  #start({ unread }: TaskHost, task: Task): void {
    this.#done.add(task);
    this.#resolve({ task: task.id, epoch: task.epoch }, unread);
  }

  #resolve(maker: { readonly task: string; readonly epoch: number }, unread: readonly Position[]): void {
    this.#parts.letters.resolve({ kind: "start", ...maker, unread, why: NOT_AGAIN });
  }

  #gone(): void {
    const { hosts, topics } = this.#instance;
    const { tables } = topics.plan;
    if (this.#goneDone || tables.length === 0 || !hosts.has(taskId(tables[0].name, 0))) return;
    this.#goneDone = true;
    const own = [
      ...tables.flatMap(({ name, index }) => taskIds(name, topics.partitions[index])),
      ...flowsOf(topics).flatMap(({ plan: { name }, partitions }) => taskIds(name, partitions)),
    ];
    const globals = topics.plan.globals.map((table) => this.#parts.globals.makerOf(table).task);
    this.#parts.letters.resolve({ kind: "gone", tasks: [...own, ...globals], why: NO_TASK });
  }
}
