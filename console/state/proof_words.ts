import type { ContinuousProof, DifferingKey, SinkProof } from "../../src/cli/proof/proof_report.ts";
import type { Proof } from "../../src/cli/verify/proof.ts";
import { counted, moment, shown } from "../parts/text.ts";

/** How the tables stand beside their source, in a sentence. */
export interface ProofWords {
  readonly tone: "good" | "warn" | "bad" | "quiet";
  readonly text: string;
  /** Rows, or a word, that stands large; what it says behind it. */
  readonly figure: readonly [large: string, small: string];
}

/** What is compared while everything runs; where that is off, what the last `deno task verify` found. */
export function proofWords(continuous: ContinuousProof, proof: Proof | null): ProofWords {
  switch (continuous.state) {
    case "off":
      return lastRun(proof);
    case "starting":
      return unchecked("not checked since the start");
    case "failed":
      return { ...unchecked("the comparison with the source has ended"), tone: "warn" };
    case "running":
      return running(continuous);
  }
}

function lastRun(proof: Proof | null): ProofWords {
  if (proof === null) {
    return {
      tone: "quiet",
      text: "not checked yet: deno task verify",
      figure: ["not yet", "compared with the source"],
    };
  }
  const when = `checked ${moment(proof.time)}`;
  if (!proof.equal) {
    const figure = ["DIFFERENT", `rows from the source, ${when}`] as const;
    return { tone: "bad", text: `rows DIFFER from the source, ${when}`, figure };
  }
  return equal(proof.rows, when);
}

function running({ sinks, leftOut }: ContinuousProof): ProofWords {
  const differing = sinks.filter((sink) => sink.differing > 0);
  if (differing.length > 0) return different(differing);
  const checked = sinks.filter((sink) => sink.checked !== null);
  const open = sinks.length - checked.length;
  if (sinks.length === 0) return unchecked("nothing is compared here while it runs");
  if (checked.length === 0) return unchecked("not checked since the start");
  const rows = checked.reduce((sum, sink) => sum + sink.rows, 0);
  const unjudged = sinks.reduce((sum, sink) => sum + sink.unjudged, 0);
  // Weir is far behind: what is equal by chance says nothing.
  if (unjudged > rows) return unchecked(`${counted(unjudged, "row")} differed and may be on their way`);
  // The oldest one: by then all that is counted was compared.
  const [first] = checked.map((sink) => sink.checked!).sort();
  const words = equal(rows, `checked ${moment(first)}`);
  // What another instance should compare, and has not told of.
  const untold = leftOut.filter(({ elsewhere }) => elsewhere).length;
  if (open + untold > 0) {
    const rest = open > 0
      ? `${counted(open + untold, "table")} not checked since the start`
      : `${counted(untold, "table")} not compared here`;
    return { ...withRest(words, rest), tone: "quiet" };
  }
  const excused = checked.reduce((sum, sink) => sum + sink.excused, 0);
  if (excused > 0) return { ...withRest(words, `${counted(excused, "row")} not, for dead letters`), tone: "warn" };
  const taken = checked.flatMap((sink) => sink.taken).reduce((sum, { rows }) => sum + rows, 0);
  return taken === 0 ? words : withRest(words, `${counted(taken, "row")} as Weir's own log has them`);
}

function withRest(words: ProofWords, rest: string): ProofWords {
  const [large, small] = words.figure;
  return { ...words, text: `${words.text}; ${rest}`, figure: [large, `${small}; ${rest}`] };
}

function different(sinks: readonly SinkProof[]): ProofWords {
  const rows = sinks.reduce((sum, { differing }) => sum + differing, 0);
  const names = sinks.map(({ sink }) => sink).join(", ");
  const verb = rows === 1 ? "differs" : "differ";
  const [key] = sinks.flatMap(({ keys }) => keys);
  const which = key === undefined ? "" : `: key ${shown(keyWords(key), 60)}${rows > 1 ? " and others" : ""}`;
  return {
    tone: "bad",
    text: `${counted(rows, "row")} of ${shown(names, 60)} ${verb}${which}`,
    figure: ["DIFFERENT", `${counted(rows, "row")} of ${shown(names, 60)} ${verb} from the source`],
  };
}

function equal(rows: number, when: string): ProofWords {
  const verb = rows === 1 ? "equals" : "equal";
  const [number, noun] = counted(rows, "row").split(" ");
  return {
    tone: "good",
    text: `${number} ${noun} ${verb} the source, ${when}`,
    figure: [number, `${noun} ${verb === "equals" ? "equals" : "equal"} the source, ${when}`],
  };
}

function unchecked(text: string): ProofWords {
  return { tone: "quiet", text, figure: ["not yet", text] };
}

/** A key for people: its value, or its columns. */
export function keyWords({ key }: DifferingKey): string {
  const columns = Object.entries(key);
  return columns.length === 1 ? columns[0][1] : columns.map(([name, text]) => `${name} ${text}`).join(", ");
}
