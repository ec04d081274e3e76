import { type Failure, failureOf } from "./failure.ts";
import type { Output } from "./output.ts";
import { failureEvent } from "./run_events.ts";
import { failedForGood, type ShownRun } from "./shown_run.ts";

/** What {@link listenForStrays} hears. */
export interface Strays {
  /** Resolves with the first. Only that is told: one that comes back with every record must not fill the log. */
  readonly first: Promise<Failure>;
  close(): void;
}

/**
 * Listens, from before topologies are imported, for errors that nobody waits for: of a promise or a timer that a
 * topology's file made and left alone, or by a bug of Weir. By default one of them ends the process, and with it every
 * topology.
 */
export function listenForStrays(): Strays {
  const { promise: first, resolve } = Promise.withResolvers<Failure>();
  const tell = (event: Event, thrown: unknown) => {
    event.preventDefault();
    resolve(failureOf(thrown));
  };
  const onRejection = (event: PromiseRejectionEvent) => tell(event, event.reason);
  const onError = (event: ErrorEvent) => tell(event, event.error);
  globalThis.addEventListener("unhandledrejection", onRejection);
  globalThis.addEventListener("error", onError);
  return {
    first,
    close() {
      globalThis.removeEventListener("unhandledrejection", onRejection);
      globalThis.removeEventListener("error", onError);
    },
  };
}

/** What failed belongs to no topology that could be named, and nobody can say what stands still now. */
export function strayRun(failure: Failure, output: Output): ShownRun {
  const topology = "outside of topologies";
  output.event(failureEvent({ topology, failure, pauseMs: null }));
  return failedForGood(topology, { failure, remedy: "something may stand still, start again" });
}
