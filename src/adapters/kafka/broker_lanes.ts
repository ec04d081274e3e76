import { setImmediate } from "node:timers";
import { FetchSession } from "./fetch_session.ts";
import type { ReadPosition } from "./read_position.ts";

/**
 * Requests that one broker has under way at the same time, each on a connection of its own. The first is the session,
 * which waits for news of everything that is read to its end. What is sought, resumed or taken meanwhile need not wait
 * for its answer: `waits` for what is at its end, the others, which are answered at once, for what is behind.
 */
export const LANES = [{ waits: true }, { waits: true }, { waits: true }, { waits: false }, { waits: false }] as const;
/** The session's place among them. */
export const SESSION_LANE = 0;

/** What one broker is asked for now. */
export class BrokerLanes {
  readonly id: number;
  readonly session: FetchSession = new FetchSession("kept");
  /** What each lane that has a request under way asks for. */
  readonly busy = new Map<number, FetchSession>();
  #settling = false;

  constructor(id: number) {
    this.id = id;
  }

  /** What was just delivered is likely to be taken in this turn: to be asked for in the session's next request. */
  get settling(): boolean {
    return this.#settling;
  }

  /** The session has delivered something. `then`: called when its next request may be sent. */
  settle(then: () => void): void {
    this.#settling = true;
    setImmediate(() => {
      this.#settling = false;
      then();
    });
  }

  /** Whether another reader has asked for the same and is not answered yet: the answer is for this position, too. */
  join(position: ReadPosition): boolean {
    const leave = position.reader.leave();
    if (leave === null) return false;
    // Nothing is reserved: the answer is taken only if there is still room for it.
    position.reader.budget.answered(leave);
    return this.busy.values().some((session) => session.join(position));
  }
}
