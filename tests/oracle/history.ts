import { Decimal } from "../../src/mod.ts";
import type { Row } from "../../src/record/row.ts";
import { SOURCES } from "./plain_tables.ts";
import type { Choices } from "./random.ts";

const KEYS_MAX = 7;
/** Time passes in steps of so many minutes, so that it is known in which of them a row expires. */
export const STEP_MINUTES = 20;

/** What the source database does to one row: it is there and is this from now on, or it is there no more. */
export type Change =
  | { readonly do: "put"; readonly table: string; readonly row: Row }
  | { readonly do: "delete"; readonly table: string; readonly id: number };

/**
 * One event of a history. `work`: the topology begins to work on what was changed, while the history goes on; `turns`:
 * so many turns of its work; `rest`: until nothing is left to do, and then the sinks must be true; `restart`: so after
 * a stop, `minutes` if they are given, and a start; `pass`: so many minutes pass in which nothing is changed, and the
 * sinks must be true.
 */
export type Event =
  | Change
  | { readonly do: "work" }
  | { readonly do: "turns"; readonly turns: number }
  | { readonly do: "rest" }
  | { readonly do: "pass"; readonly minutes: number }
  | { readonly do: "restart"; readonly minutes?: number };

/** Rows that tables hold, by table and id. */
export class Rows {
  readonly #tables = new Map<string, Map<number, Row>>();

  get(table: string, id: number): Row | undefined {
    return this.#tables.get(table)?.get(id);
  }

  apply(change: Change): void {
    let rows = this.#tables.get(change.table);
    if (rows === undefined) this.#tables.set(change.table, rows = new Map());
    if (change.do === "put") rows.set(change.row.id as number, change.row);
    else rows.delete(change.id);
  }
}

/** Makes one random change of one row of any table, given the rows there are. */
export type MakeChange = (rows: Rows, choices: Choices) => Change;

function randomRow(id: number, choices: Choices): Row {
  const key = () => choices.chance(0.15) ? null : 1 + choices.int(KEYS_MAX);
  return {
    id,
    fk1: key(),
    fk2: key(),
    num: choices.int(10),
    dec: Decimal.of(choices.int(500) - 100, 2),
    tag: choices.of(["x", "y", "zz"]),
  };
}

/** Inserts, updates (also such that change nothing) and deletes rows of the plain tables; keys come back. */
export const changePlain: MakeChange = (rows, choices) => {
  const table = choices.of([...SOURCES.keys()]);
  const id = 1 + choices.int(KEYS_MAX);
  const held = rows.get(table, id);
  if (held === undefined) return { do: "put", table, row: randomRow(id, choices) };
  if (choices.chance(0.25)) return { do: "delete", table, id };
  const { fk1, fk2, num, dec, tag } = randomRow(id, choices);
  return { do: "put", table, row: { ...held, ...choices.of([{ fk1 }, { fk2, num }, { num, dec }, { tag }, {}]) } };
};

/**
 * A random history: changes in bursts, while the topology works or stands still, starts in between. `passes`: hours go
 * by, too.
 */
export function randomHistory(choices: Choices, change: MakeChange, { passes = false } = {}): Event[] {
  const events: Event[] = [];
  const rows = new Rows();
  const burst = (most: number) => {
    for (let left = choices.int(most); left > 0; left--) {
      const made = change(rows, choices);
      rows.apply(made);
      events.push(made);
    }
  };
  burst(40);
  const rests = 2 + choices.int(4);
  for (let rest = 0; rest < rests; rest++) {
    if (rest > 0 && choices.chance(0.25)) {
      burst(8);
      events.push({ do: "restart", ...passes && choices.chance(0.5) ? { minutes: STEP_MINUTES } : {} });
    } else {
      events.push({ do: "work" });
      // Changes that come while others are being worked on, at any point of it.
      for (let more = choices.int(6); more > 0; more--) {
        events.push({ do: "turns", turns: choices.int(60) });
        burst(4);
      }
      events.push({ do: "rest" });
    }
    burst(10);
    if (passes && choices.chance(0.6)) events.push({ do: "pass", minutes: (1 + choices.int(3)) * STEP_MINUTES });
  }
  return events;
}
