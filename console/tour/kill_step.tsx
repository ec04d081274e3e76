import { useEffect } from "preact/hooks";
import { allTasksRun } from "../../src/cli/start/status.ts";
import type { Demo, LiveState } from "../api/contract.ts";
import { ProofBadge } from "../parts/proof_badge.tsx";
import { duration } from "../parts/text.ts";
import { useAsked } from "../state/asked.ts";
import { live, liveProblem } from "../state/live.ts";
import { proofWords } from "../state/proof_words.ts";
import { setDone, setTour, tour } from "./tour_state.ts";

/** Beginnings that differ by less are one: they are told by a clock and a time span. */
const SAME_MS = 1_500;
/** What commands use if they are told nothing else. */
const DATA_DEFAULT = ".data";
const PORT_DEFAULT = "8686";

/** The process is killed and started again, and the tables still equal their source. */
export function KillStep() {
  const { processMs } = tour.value;
  const state = live.value;
  const began = state === null ? null : state.status.startedAt;
  useEffect(() => {
    if (processMs === null && began !== null) setTour({ processMs: began });
  }, [processMs, began]);
  const { value } = useAsked<Demo>(began === null ? null : "/api/demo");
  const standing = standingOf(state, processMs);
  const done = standing === "equal";
  useEffect(() => {
    if (done) setDone("kill");
  }, [done]);
  return (
    <>
      <p>
        Nothing is lost with the process: it goes on from its log, reads back what ClickHouse shows, and writes only
        what differs. Try it, as rudely as you like.
      </p>
      <ol class="tour-todo">
        <li>
          In a terminal: <code>kill -9 {value?.pid ?? "<the process>"}</code>, or Ctrl-C where it runs.
        </li>
        <li>
          Start it again as before: <code>{commandOf("start", state)}</code>. This page finds it by itself.
        </li>
        <li>
          Look at the proof. To compare at once: <code>{commandOf("verify", state)}</code>.
        </li>
      </ol>
      <p role="status">{SENTENCES[standing](state)}</p>
      {state !== null && (
        <p>
          The proof says: <ProofBadge status={state.status} />
        </p>
      )}
    </>
  );
}

/** With the options without which it would be another instance. */
function commandOf(name: "start" | "verify", state: LiveState | null): string {
  const data = state === null || state.status.data === DATA_DEFAULT ? "" : ` --data ${state.status.data}`;
  const port = name === "verify" || location.port === PORT_DEFAULT ? "" : ` --port ${location.port}`;
  return `deno task ${name}${data}${port}`;
}

type Standing = "running" | "gone" | "starting" | "unproven" | "different" | "equal";

const SENTENCES: Readonly<Record<Standing, (state: LiveState | null) => string>> = {
  running: () => "The process runs. Kill it.",
  gone: () => "It is gone. Start it again: this step goes on where it is.",
  starting: (state) => `It is back since ${sinceStart(state)}, and its tasks read what they hold.`,
  unproven: (state) => `It is back since ${sinceStart(state)}, and everything runs. Nobody has compared all since.`,
  different: () => "It was compared, and rows differ from the source. An open dead letter does that: fix it first.",
  equal: (state) => `It is back since ${sinceStart(state)}, and every row was found equal to the source.`,
};

function sinceStart(state: LiveState | null): string {
  return duration(state?.status.uptimeMs ?? 0);
}

function standingOf(state: LiveState | null, processMs: number | null): Standing {
  if (liveProblem.value) return "gone";
  if (state === null || processMs === null || state.status.startedAt - processMs < SAME_MS) return "running";
  const { topologies, proof, continuous } = state.status;
  if (!topologies.every((topology) => topology.state === "failed" || allTasksRun(topology))) return "starting";
  // What is compared while everything runs was compared since the start.
  const found = continuous.state === "running" ? STANDINGS[proofWords(continuous, null).tone] : null;
  if (found !== null) return found;
  if (proof === null || Date.parse(proof.time) < state.status.startedAt) return "unproven";
  return proof.equal ? "equal" : "different";
}

const STANDINGS = { good: "equal", warn: "different", bad: "different", quiet: null } as const;
