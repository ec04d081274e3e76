import { type Case, readSuites, RECORDED, type Step } from "./recorded.ts";
import { causedBy, type RecastStream, resultText } from "./stream_outputs.ts";

const [{ cases }] = await readSuites(new URL("windows.json", RECORDED));

const SUPPRESS = "suppress(untilWindowCloses, unbounded)";

interface OtherWay {
  readonly emit: string;
  /**
   * Whether what is recorded of a step is what the reason says, too. `toCome`: windows that the other way tells at this
   * step, or later.
   */
  readonly holds: (results: {
    readonly recorded: readonly string[];
    readonly own: readonly string[];
    readonly toCome: readonly string[];
  }) => boolean;
  readonly reason: string;
}

/**
 * Why Weir, which tells a window once when it closes, gives what the other of the two ways gave that Kafka Streams has
 * for that: the same windows of the same records were recorded with both.
 */
const OTHER_WAY: Readonly<Record<string, OtherWay>> = {
  "ON_WINDOW_CLOSE": {
    emit: SUPPRESS,
    holds: ({ recorded, own }) => own.filter((result) => recorded.includes(result)).join() === recorded.join(),
    reason:
      "Weir tells every window that closes; Kafka Streams' ON_WINDOW_CLOSE never tells some, its suppress does so " +
      "at this step, with the same results",
  },
  [SUPPRESS]: {
    emit: "ON_WINDOW_CLOSE",
    holds: ({ recorded, toCome }) => recorded.every((result) => toCome.includes(windowOf(result))),
    reason:
      "suppress tells a window that includes its end one moment before an event at its end can come no more (and " +
      "again, if one comes); Weir tells it when ON_WINDOW_CLOSE does, with the same results",
  },
};

const TWICE = "Kafka Streams tells a window twice that ends with this event and begins behind another; Weir once";
const UNCOUNTED = "an event that was too late for the window that ends with it, and not for others, counts in all of " +
  "those; Kafka Streams leaves it out of windows that begin later";

/** What Weir gives at steps of `sliding10` without grace because of {@link UNCOUNTED}: windows, counts and times. */
const COUNTED = {
  update: ["[k0@220/230] 2 224, [k0@217/227] 3 224, [k0@222/232] 1 224, [k0@214/224] 4 224"],
  close: [
    "[k0@214/224] 4 224, [k0@217/227] 3 224, [k0@220/230] 2 224",
    "[k1@221/231] 2 231, [k0@222/232] 1 224, [k1@223/233] 1 231",
  ],
};

/** Where the windows of a recorded case are known to come out otherwise, and how. */
export function windowDifferences({ topology, steps }: Case): NonNullable<RecastStream["instead"]> {
  const { op, graceMs, emit } = topology;
  const other = OTHER_WAY[String(emit)];
  const otherwise = other === undefined ? [] : stepsOf({ ...topology, emit: other.emit });
  const isSliding = /windowedBy\(sliding10\)/.test(String(op));
  return (step, own) => {
    const index = steps.indexOf(step);
    const recorded = causedBy(step, "out");
    if (otherwise.length > 0 && sameInput(otherwise[index], step)) {
      const toCome = otherwise.slice(index).flatMap((later) => causedBy(later, "out")).map(windowOf);
      const isSame = causedBy(otherwise[index], "out").join() === own.join();
      if (isSame && other.holds({ recorded, own, toCome })) return other.reason;
    }
    if (!isSliding) return null;
    if (other === undefined && recorded.join() === [...own, ...own].join()) return TWICE;
    const counted = COUNTED[other === undefined ? "update" : "close"];
    return graceMs === 0 && counted.map(resultTexts).includes(own.join()) ? UNCOUNTED : null;
  };
}

/** Results written as in {@link COUNTED}. */
function resultTexts(results: string): string {
  return results.split(", ").map((result) => {
    const [window, value, ms] = result.split(" ");
    return resultText(window, { value, ms: Number(ms) });
  }).join();
}

function windowOf(result: string): string {
  return JSON.parse(result)[0];
}

function stepsOf(topology: Case["topology"]): readonly Step[] {
  const words = JSON.stringify(topology);
  return cases.find((recorded) => JSON.stringify(recorded.topology) === words)?.steps ?? [];
}

function sameInput(one: Step | undefined, other: Step): boolean {
  return JSON.stringify({ ...one, out: null }) === JSON.stringify({ ...other, out: null });
}
