import type { Choices } from "./choices.ts";
import { type Profile, SIZES } from "./profile.ts";
import type { SourceName } from "./source_records.ts";

const KEYS: Readonly<Record<SourceName, number>> = { lines: 6, orders: 5, users: 4, goods: 3, makers: 4 };
/** Facts of this quantity have a content that ClickHouse refuses, where it refuses rows. */
export const REFUSED_QUANTITY = 9;
/** Too much for a narrow column. */
const WIDE_QUANTITY = 200;
const LARGE_SHARE = 0.15;
const WIDE_SHARE = 0.1;

/** One change of a source: the row of this key is this now (null: deleted). */
export interface SourceChange {
  readonly id: number;
  readonly columns: Record<string, unknown> | null;
}

interface ChangeOptions {
  readonly choices: Choices;
  readonly profile: Profile;
  readonly scheduler: { readonly nowMs: number };
}

/** Draws a change of a source. */
export function drawChange(name: SourceName, by: ChangeOptions): SourceChange {
  const { choices } = by;
  const id = choices.below(KEYS[name]);
  if (choices.chance(0.2)) return { id, columns: null };
  return { id, columns: drawColumns(name, by) };
}

function drawColumns(name: SourceName, { choices, profile, scheduler }: ChangeOptions): Record<string, unknown> {
  const orNull = (share: number, value: number) => choices.chance(share) ? null : value;
  const { large } = profile;
  /** A text that may be too large for messages, where rows are. */
  const text = (plain: string) => {
    if (large === "none" || !choices.chance(LARGE_SHARE)) return plain;
    return plain.padEnd(large === "for the log" ? SIZES.row : choices.pick([SIZES.row, SIZES.share]), "x");
  };
  switch (name) {
    case "lines": {
      const line = { o: orNull(0.08, choices.below(5)), g: choices.below(3), q: 1 + choices.below(9) };
      return profile.narrow && choices.chance(WIDE_SHARE) ? { ...line, q: WIDE_QUANTITY } : line;
    }
    case "orders":
      return {
        st: text(`s${choices.below(5)}`),
        u: orNull(0.1, choices.below(4)),
        // From a minute ago, so that it is old already, to a while ahead.
        t: profile.expires
          ? orNull(0.1, (Math.floor(scheduler.nowMs) + (choices.below(19) - 6) * 10_000) * 1_000)
          : null,
      };
    case "users":
      return { c: text(`c${choices.below(9)}`) };
    case "goods":
      return { sl: choices.below(4), pr: 1 + choices.below(9) };
    case "makers":
      // No task is told of it, but it becomes part of shares, which a log must take.
      return { n: large === "for the log" ? `m${choices.below(9)}` : text(`m${choices.below(9)}`) };
  }
}
