import type { SuppressNode } from "../../../src/dsl/stream_nodes.ts";
import { session, sliding, tumbling, type WindowSpec } from "../../../src/dsl/windows.ts";
import type { TableChanged } from "../../../src/oracle/suppress_oracle.ts";
import type { Choices } from "../../oracle/random.ts";

const units = (count: number) => ({ milliseconds: count / 1_000 });

/** How changes wait: of tables with and without windows, with every bound. */
export function randomSuppression(choices: Choices): Pick<SuppressNode, "of" | "spec"> {
  const grace = { grace: units(choices.int(6)) };
  const windows = choices.of([
    null,
    tumbling(units(10), grace),
    sliding(units(10), grace),
    session(units(5), grace),
  ]);
  const window = windows?.spec ?? null;
  const isClose = window !== null && choices.chance(0.4);
  const isBounded = choices.chance(0.7);
  return {
    of: { sides: [{ groupBy: () => null, aggregates: {} }], window },
    spec: {
      until: isClose ? { kind: "close" } : { kind: "limit", limitUs: choices.int(20) },
      recordsMax: isBounded && choices.chance(0.8) ? 1 + choices.int(5) : null,
      bytesMax: isBounded && choices.chance(0.3) ? 60 + choices.int(120) : null,
      whenFull: isClose || choices.chance(0.2) ? "stop" : "emit",
    },
  };
}

/** Changes as aggregates make them, and others, too: a row may be gone that was never there. */
export function randomChanges(choices: Choices, window: WindowSpec | null): TableChanged[] {
  let now = 100;
  const ends = new Map<string, number>();
  return Array.from({ length: 10 + choices.int(60) }, () => {
    now += choices.of([0, 0, 1, 1, 2, 3, 12]);
    const timestampUs = now - choices.of([0, 0, 0, 3, 15]);
    const group = { group: choices.of(["a", "b", "c", "d", "e"]) };
    const row = choices.chance(0.3) ? null : { n: choices.int(1_000), text: "x".repeat(choices.int(30)) };
    const start = window === null ? 0 : Math.floor(timestampUs / 10) * 10;
    const name = `${group.group} ${start}`;
    const grown = window?.kind === "session" && row !== null;
    const end = window === null
      ? 0
      : grown || window.kind !== "session"
      ? start + (grown ? choices.int(12) : 10)
      : ends.get(name) ?? start;
    ends.set(name, end);
    return { group, start, end, row, timestampUs };
  });
}
