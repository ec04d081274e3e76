import { readerWith } from "../reader_with.ts";
import type { Log } from "../../src/ports/log.ts";

/** A log whose readers stand still while the gate is shut, so that a backlog can build up and be timed. */
export interface Gate {
  readonly log: Log;
  shut(): void;
  open(): void;
}

/** Puts a gate before the readers of `log`. Open at first. */
export function gateOf(log: Log): Gate {
  let opened = Promise.resolve();
  let open = () => {};
  return {
    shut: () => opened = new Promise((resolve) => open = resolve),
    open: () => open(),
    log: {
      ...log,
      topics: (names) => log.topics(names),
      reader: () => {
        const reader = log.reader();
        return readerWith(reader, {
          poll: async (waitMs) => {
            await opened;
            return await reader.poll(waitMs);
          },
        });
      },
    },
  };
}
