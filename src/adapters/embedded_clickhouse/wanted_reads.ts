import { systemClock } from "../local/system_clock.ts";
import type { OpenSession } from "./clickhouse_sessions.ts";
import { Exception } from "./clickhouse_exception.ts";

/** Reads that nobody waits for any more and that have not ended: with so many no further one begins. */
const GIVEN_UP_MAX = 8;
/** For so long they may be as many; then the engine does not obey. */
const STUCK_MS = 30_000;
const KILL_EVERY_MS = 1_000;

/** A statement that only reads, from its beginning until the engine has ended it. */
export interface WantedRead {
  /** A comment by which the statement is found: the engine gives ids of its own to queries. It stands before it. */
  readonly mark: string;
  /**
   * Rejects when nobody waits for it any more, whatever the engine does: with Exception 394 (QUERY_WAS_CANCELLED), or
   * with why that is so if an Exception says it.
   */
  readonly left: Promise<never>;
  /** To be called when the engine has ended it. */
  ended(): void;
}

export interface WantedReads {
  /**
   * Begins one that is to end when `gone` is aborted.
   * @throws Exception 394 if it is, 202 (TOO_MANY_SIMULTANEOUS_QUERIES) if too many that were given up have not ended
   */
  begin(gone: AbortSignal): WantedRead;
  /** Gives all up, and those that begin later. */
  giveUp(): void;
}

/**
 * Reads that are given up when nobody waits for them. The engine is told to end them, and told again, as it may not
 * know of them yet; most end within milliseconds. A single call of a function it cannot break off, so that some end
 * minutes later. Whoever asked does not wait for that, nor does their place; `onStuck` is called when too many are
 * left.
 */
export function wantedReads(
  open: OpenSession,
  { onStuck, stuckMs = STUCK_MS, killEveryMs = KILL_EVERY_MS }: {
    readonly onStuck: () => void;
    readonly stuckMs?: number;
    readonly killEveryMs?: number;
  },
): WantedReads {
  const closing = new AbortController();
  const givenUp = new Set<string>();
  let timer: ReturnType<typeof setTimeout> | undefined;

  function changed(): void {
    if (givenUp.size < GIVEN_UP_MAX) {
      clearTimeout(timer);
      timer = undefined;
    } else timer ??= setTimeout(onStuck, stuckMs);
  }

  function giveUp(id: string): void {
    givenUp.add(id);
    changed();
    void (async () => {
      while (givenUp.has(id)) {
        await kill(open, id);
        await systemClock.sleep(killEveryMs);
      }
    })();
  }

  function begin(gone: AbortSignal): WantedRead {
    const over = AbortSignal.any([gone, closing.signal]);
    if (over.aborted) throw cancelled(over);
    if (givenUp.size >= GIVEN_UP_MAX) {
      throw new Exception(
        { code: 202, codeName: "TOO_MANY_SIMULTANEOUS_QUERIES" },
        `${givenUp.size} queries that nobody waits for any more have not ended yet: try again in a minute`,
      );
    }
    const id = crypto.randomUUID();
    const { promise: left, reject } = Promise.withResolvers<never>();
    // Nobody may look just now: an answer is given in parts.
    left.catch(() => {});
    const leave = () => {
      giveUp(id);
      reject(cancelled(over));
    };
    over.addEventListener("abort", leave, { once: true });
    return {
      mark: `/* ${id} */`,
      left,
      ended: () => {
        over.removeEventListener("abort", leave);
        givenUp.delete(id);
        changed();
      },
    };
  }

  return { begin, giveUp: () => closing.abort() };
}

async function kill(open: OpenSession, id: string): Promise<void> {
  const session = open();
  try {
    await session.queryAsync(`KILL QUERY WHERE position(query, '${id}') > 0 ASYNC`);
  } catch {
    // It has ended meanwhile.
  } finally {
    session.close();
  }
}

function cancelled({ reason }: AbortSignal): Exception {
  if (reason instanceof Exception) return reason;
  return new Exception({ code: 394, codeName: "QUERY_WAS_CANCELLED" }, "Nobody waits for the answer");
}
