import { ConfigError } from "../record/errors.ts";
import { decodeWire, encodeWire } from "../record/wire.ts";

/** Names of those who write horizons begin with it, and names of owners do not. */
const MARK = "~";

/**
 * A record of a stage's changelog that tells from where on its windows are kept: results of windows that began at this
 * time or before are final, ClickHouse shows them as they are, and whoever reads the changelog leaves them alone. That
 * is so for ever, whoever says it, so of several horizons the greatest counts. Facts of these windows may be missing.
 */
export interface Horizon {
  /** The key of its record. Each start that tells horizons has one of its own: a late record hides none of another. */
  readonly name: string;
  /** Microseconds since the epoch. */
  readonly atUs: number;
}

/** What a changelog tells its readers beside results. Microseconds since the epoch. */
export type ToldTime =
  /** Stream time as the head of a stage has it: all results of events up to it have been read. */
  | { readonly kind: "stream time"; readonly atUs: number }
  | ({ readonly kind: "horizon" } & Horizon);

/** The key of the records of one start; `start`: no other one has this name. No character that JSON escapes. */
export function horizonName(start: string): string {
  return JSON.stringify([`${MARK}${start}`]);
}

/** A horizon's record. */
export function horizonRecord({ name, atUs }: Horizon): { key: string; value: string } {
  return { key: name, value: encodeWire([atUs]) };
}

/** Whether a record of this owner tells a horizon. */
export function isHorizonOf(owner: string): boolean {
  return owner.startsWith(MARK);
}

/** Reads what {@link horizonRecord} wrote. @throws SyntaxError */
export function readHorizon(name: string, value: string): Horizon {
  const [atUs] = decodeWire(value) as [number];
  if (!Number.isSafeInteger(atUs)) throw new SyntaxError(`a horizon is at ${String(atUs)}`);
  return { name, atUs };
}

/** Windows of an aggregate were let go, and it is declared as if it had all of them. */
export function forgottenError(name: string, { atUs }: Pick<Horizon, "atUs">): ConfigError {
  return new ConfigError([
    `Cannot go on with "${name}" without a retention: of windows that began until ` +
    `${new Date(atUs / 1_000).toISOString()} nothing is kept but what ClickHouse shows, so that its rows are not all ` +
    "there for whatever takes them. Declare a retention, of any length; or give the aggregate and its sink another " +
    "name, and it begins anew with the events that come",
  ]);
}
