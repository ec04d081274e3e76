import type { JoinedEvent, JoinResult } from "../../../src/oracle/joined_events.ts";
import { type Case, readSuites, RECORDED, type Step } from "../../conformance/recorded.ts";

/** A recorded run of a join: what each event caused, as texts. */
export interface RecordedJoin {
  readonly name: string;
  readonly kind: "inner" | "left" | "outer";
  readonly topology: Case["topology"];
  readonly events: readonly JoinedEvent[];
  readonly caused: readonly (readonly string[])[];
  readonly droppedRecords: number;
}

/** The recorded runs of a suite. Values are in the column `value`, right ones of tables, too. */
export async function recordedJoins(suite: string): Promise<RecordedJoin[]> {
  const file = new URL(`${suite}.json`, RECORDED);
  const [{ cases }] = await readSuites(file);
  const raw = JSON.parse(await Deno.readTextFile(file)) as { cases: { droppedRecordsTotal: number }[] };
  return cases.map(({ name, topology, steps }, index) => ({
    name,
    kind: / (inner|left|outer) join$/.exec(String(topology.op))![1] as RecordedJoin["kind"],
    topology,
    events: steps.map(eventOf),
    caused: steps.map(({ out }) => out.map(({ key, value, ts }) => JSON.stringify([key, value, ts]))),
    droppedRecords: raw.cases[index].droppedRecordsTotal,
  }));
}

function eventOf({ topic, key, value, ts }: Step): JoinedEvent {
  return {
    input: topic === "left" ? 0 : 1,
    key: key === null ? null : { key },
    value: value === null ? null : { value },
    timestampUs: ts * 1_000,
  };
}

/** A result as recorded runs have it. `valuesOf`: of the left and of the right side. */
export function recordedText(
  { key, value, timestampUs }: JoinResult,
  valuesOf: (value: JoinResult["value"]) => readonly [unknown, unknown],
): string {
  const [left, right] = valuesOf(value).map((side) => (side as { value: string } | null)?.value ?? null);
  return JSON.stringify([key?.key ?? null, `${left}-${right}`, timestampUs / 1_000]);
}
