import type { Told, Unanswered } from "../instances/ask_others.ts";
import { type ContinuousProof, type LeftOut, NOTHING_PROVED, type SinkProof } from "./proof_report.ts";

type Place = Pick<SinkProof, "topology" | "sink">;

/** The most that any of them can say. */
const STATES: readonly ContinuousProof["state"][] = ["running", "failed", "starting", "off"];

/**
 * What all instances together have compared: whoever gathers it says the same. Each table is compared by one of
 * them, or by a service that tells whichever it reaches; of two that tell of one table, while it moves, the later word
 * counts.
 */
export function togetherProved(
  own: Told<ContinuousProof>,
  others: readonly (Told<ContinuousProof> | Unanswered)[],
): ContinuousProof {
  if (others.length === 0) return own.answer;
  const all = [own, ...others].sort((a, b) => a.instance < b.instance ? -1 : 1);
  const answers = all.flatMap((one) => "answer" in one ? [one.answer] : []).sort(byTime);
  // A service tells one instance that it cannot go on, while another still shows what it was told before.
  const latest = answers.find((answer) => answer.told !== null);
  const state = latest?.state ?? STATES.find((state) => answers.some((answer) => answer.state === state))!;
  const { reason, told } = answers.find((answer) => answer.state === state)!;
  if (state !== "running") return { state, reason, told, ...NOTHING_PROVED };
  const running = answers.filter((answer) => answer.state === state);
  const sinks = firstOfEach(running.flatMap((answer) => answer.sinks));
  const compared = new Set(sinks.map(nameOf));
  const leftOut = running.flatMap((answer) => answer.leftOut).filter((one) => !compared.has(nameOf(one)));
  const nobody = whyNobody(all);
  return {
    ...{ state, reason, told, sinks },
    // What nobody can compare comes before what another one should.
    leftOut: firstOfEach([...leftOut.filter((one) => !one.elsewhere), ...leftOut.filter((one) => one.elsewhere)])
      .map((one): LeftOut => one.elsewhere ? { ...one, reason: nobody } : one),
  };
}

/** The latest word first. */
function byTime({ told: a }: ContinuousProof, { told: b }: ContinuousProof): number {
  return (a ?? "") > (b ?? "") ? -1 : (a ?? "") < (b ?? "") ? 1 : 0;
}

function whyNobody(all: readonly (Told<ContinuousProof> | Unanswered)[]): string {
  const silent = all.flatMap((one) => {
    if ("problem" in one) return [`${one.instance}: ${one.problem}`];
    const { state, reason } = one.answer;
    return state === "running" ? [] : [`${one.instance}: ${reason ?? state}`];
  });
  return `no instance compares it${silent.length === 0 ? " yet" : `: ${silent.join("; ")}`}`;
}

/** In the order of their names. */
function firstOfEach<T extends Place>(all: readonly T[]): readonly T[] {
  const found = new Map<string, T>();
  for (const one of all) if (!found.has(nameOf(one))) found.set(nameOf(one), one);
  return [...found].sort(([a], [b]) => a < b ? -1 : 1).map(([, one]) => one);
}

function nameOf({ topology, sink }: Place): string {
  return `${topology}/${sink}`;
}
