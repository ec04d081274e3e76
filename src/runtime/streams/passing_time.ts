import type { Clock } from "../../ports/clock.ts";
import { NUDGE, tickOf, wallClockOf } from "./pack.ts";
import type { Life } from "./stream_begin.ts";

/** So often at most time passes by records. */
const LOOK_MS = 100;

/**
 * Lets time pass for a stage although no event comes: its owner writes so into the stage's topic, by its own clock.
 * What time makes of the stage is made from that record, by whoever reads it, and so it is the same after a crash.
 */
export class PassingTime {
  readonly #topic: string;
  readonly #clock: Pick<Clock, "nowMs">;
  /** When the last event came. */
  #heardMs = 0;
  /** To where the wall clock has come, as was said last. */
  #toldUs = -Infinity;

  constructor(topic: string, clock: Pick<Clock, "nowMs">) {
    this.#topic = topic;
    this.#clock = clock;
  }

  /** The task begins: whatever was written before may not be there. */
  begin(): void {
    this.#toldUs = -Infinity;
    this.heard();
  }

  /** An event has come. */
  heard(): void {
    this.#heardMs = this.#clock.nowMs();
  }

  /**
   * Writes what is to be written now. Resolves to how long it is until there is more, milliseconds. `isQuiet`: all that
   * came is taken and brought out. @throws StreamBroken
   */
  async pass(life: Pick<Life, "task" | "delivery">, { isQuiet }: { readonly isQuiet: boolean }): Promise<number> {
    const wallMs = await this.#wallClock(life);
    return isQuiet ? Math.min(wallMs, await this.#idle(life)) : wallMs;
  }

  /** Also while events come: what is due by the clock does not wait for a pause. */
  async #wallClock({ task, delivery }: Pick<Life, "task" | "delivery">): Promise<number> {
    const dueUs = task.wallDueUs ?? null;
    // What was said already is on its way, and the next call is due behind it.
    if (dueUs === null || dueUs <= this.#toldUs) return Infinity;
    const nowUs = Math.floor(this.#clock.nowMs() * 1_000);
    const leftUs = Math.max(dueUs, this.#toldUs + LOOK_MS * 1_000) - nowUs;
    if (leftUs > 0) return leftUs / 1_000;
    this.#toldUs = nowUs;
    await delivery.tell(this.#topic, wallClockOf(nowUs));
    return Infinity;
  }

  async #idle({ task, delivery }: Pick<Life, "task" | "delivery">): Promise<number> {
    if (task.order?.isReady === true) await delivery.tell(this.#topic, NUDGE);
    const { whenIdle = null } = task;
    if (whenIdle === null) return Infinity;
    const leftMs = this.#heardMs + whenIdle.afterUs / 1_000 - this.#clock.nowMs();
    if (leftMs > 0) return leftMs;
    this.heard();
    await delivery.tell(this.#topic, tickOf(whenIdle.toUs));
    return LOOK_MS;
  }
}
