import type { Fetched, Reader } from "../../ports/log.ts";
import { portionsOf } from "./portions.ts";

/** What decides where an instance reads. */
export type Seeker = Pick<Reader, "seek" | "stop">;

/**
 * What was fetched for all tasks of an instance and is not taken yet. It may wait here for long, while sinks have too
 * much waiting: what was fetched before its partition was sought or stopped is thrown away, as it was meant for a task
 * that no longer is.
 */
export class Intake implements Seeker {
  readonly #reader: Reader;
  #held: Fetched[] = [];
  /** Partitions sought (from where) or stopped (null) since the fetch under way began. */
  readonly #moved = new Map<string, number | null>();

  constructor(reader: Reader) {
    this.#reader = reader;
  }

  seek(topic: string, partition: number, offset: number): void {
    this.forget({ topic, partition }, offset);
    this.#reader.seek(topic, partition, offset);
  }

  stop(topic: string, partition: number): void {
    this.forget({ topic, partition }, null);
    this.#reader.stop(topic, partition);
  }

  /** Throws away what is held of this partition, or on its way. `from`: where it is read now, or null. */
  forget({ topic, partition }: Pick<Fetched, "topic" | "partition">, from: number | null): void {
    this.#moved.set(nameOf({ topic, partition }), from);
    if (this.#held.length === 0) return;
    this.#held = this.#held.filter((part) => part.topic !== topic || part.partition !== partition);
  }

  /**
   * Fetches what is there, waiting for about `waitMs` at most.
   * @throws ProductionError
   */
  async fetch(waitMs: number): Promise<Fetched[]> {
    this.#moved.clear();
    return await this.#reader.poll(waitMs);
  }

  /** Keeps what the last fetch brought until it is taken. `sift`: which parts hold something for a task. */
  hold(fetched: readonly Fetched[], sift: (parts: readonly Fetched[]) => readonly Fetched[]): void {
    const parts = fetched.filter((part) => {
      const from = this.#moved.get(nameOf(part));
      return from === undefined || from === part.fromOffset;
    });
    this.#held.push(...sift(parts).flatMap(portionsOf));
  }

  /**
   * The next part of what was fetched, which can be taken in one turn. Taken one at a time: what follows may be thrown
   * away between two of them.
   */
  take(): Fetched | undefined {
    return this.#held.shift();
  }

  close(): Promise<void> {
    return this.#reader.close();
  }
}

function nameOf({ topic, partition }: Pick<Fetched, "topic" | "partition">): string {
  return `${partition}/${topic}`;
}
