import { ErrorCode } from "./protocol/errors.ts";

/** A busy broker takes a setting over some tenths of a second after it has said so, and nobody can ask whether. */
const SETTLED_AFTER_MS = 10_000;

/**
 * Topics whose limits were changed from here just now. A broker may still judge what is appended by those before, so
 * that what it refuses for its size is sent again until the new ones must have reached it.
 */
export class ChangedLimits {
  readonly #settledAt = new Map<string, number>();

  /** The limits of the topic were changed now. */
  changed(topic: string): void {
    this.#settledAt.set(topic, performance.now() + SETTLED_AFTER_MS);
  }

  /** Whether an answer may follow from limits that the topic has no more. */
  mayExplain(topic: string, errorCode: number): boolean {
    const settledAt = this.#settledAt.get(topic);
    if (settledAt === undefined || errorCode !== ErrorCode.messageTooLarge) return false;
    if (performance.now() < settledAt) return true;
    this.#settledAt.delete(topic);
    return false;
  }
}
