import { Refusals } from "../src/state/refusals.ts";

/** For what must not be refused: throws what is. */
export function refusingNothing(): Refusals {
  return new Refusals({
    columns: () => ["id"],
    refused: ({ error }) => {
      throw error;
    },
    mended() {},
  });
}
