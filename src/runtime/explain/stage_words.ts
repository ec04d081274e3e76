import { durationText } from "../../plan/duration_text.ts";
import type {
  LookedCalls,
  LookedEvent,
  LookedJoin,
  LookedTableJoin,
  LookedWindow,
  LookedWindows,
} from "../../processor/stateful/sought_event.ts";
import type { DroppedEvent } from "../lifecycle/stage_view.ts";
import type { ExplainedPartner, ExplainedStep } from "./explanation.ts";
import { timeText } from "./words.ts";

/** What a stage made of one event, in words. */
export type StageWord = Pick<ExplainedStep, "outcome" | "sentence">;

/** What is known of the partners of an event. */
export interface ToldPartners {
  readonly partners: readonly ExplainedPartner[];
  /** Of so many that it was joined with no record is found. */
  readonly unfound: number;
  /** Records that have its key and a time near its own. */
  readonly near: number;
  /** Those are all there can have been. */
  readonly isWhole: boolean;
}

/** What was decided of an event that changed nothing. */
export function droppedWord({ reason, atUs }: DroppedEvent, looked: LookedEvent | null): StageWord {
  switch (reason) {
    case "late":
      return { outcome: "late", sentence: lateWord(atUs, looked) };
    case "early":
      return { outcome: "filtered", sentence: "it is of a time before all windows" };
    case "no value":
      return { outcome: "filtered", sentence: "it has no value" };
    case "no key":
      return { outcome: "null key", sentence: "it has no key by which it could have a partner, and is left out" };
    case "repeat":
      return { outcome: "filtered", sentence: "it repeats an event that came before" };
    case "refused":
      return { outcome: "dead letter", sentence: "the operator failed at it, so nothing of it counts" };
  }
}

function lateWord(atUs: number | null, looked: LookedEvent | null): string {
  if (atUs === null || looked === null) return "it came too late";
  if (looked.kind === "streamJoin") {
    return `it came too late: its side's time was ${timeText(atUs)}, and events of its time are joined until ` +
      `${timeText(looked.keptUntilUs)}; it came ${
        durationText(atUs - looked.keptUntilUs)
      } later, and no partner was there`;
  }
  if (looked.kind !== "streamAggregate" || looked.takenUntilUs === null) return "it came too late";
  return `it came too late: stream time was ${timeText(atUs)}, and ${
    looked.windows.length > 0 ? "its last window" : "a window with it"
  } takes events until stream time is ${timeText(looked.takenUntilUs)}, grace included: ${
    atUs === looked.takenUntilUs ? "that is when it closed" : `${durationText(atUs - looked.takenUntilUs)} too late`
  }`;
}

/** A join of streams, of an event that was not dropped as far as it is known. */
export function joinedWord(looked: LookedJoin, told: ToldPartners): StageWord {
  const { kept, isPreserved, isWhole, waitsUntilUs, streamTimeUs, keptUntilUs, ownTimeUs, partners } = looked;
  const now = streamTimeUs === null ? "" : ` (now ${timeText(streamTimeUs)})`;
  if (partners.length > 0) {
    const rest = isWhole ? "" : "; others may have been there, and are not kept any more";
    const unfound = told.unfound === 0 ? "" : `; the records of ${told.unfound} of them are not found`;
    return { outcome: "matched", sentence: `with ${eventsWord(partners.length)} of the other side${rest}${unfound}` };
  }
  switch (kept) {
    case "waiting":
      return {
        outcome: "waiting",
        sentence: `it has no partner yet, and is told without one when stream time is beyond ${
          timeText(waitsUntilUs)
        }${now}`,
      };
    case "unlike":
      return {
        outcome: "not kept",
        sentence:
          "several events with its key, time and value are kept, of which some wait for a partner and some do " +
          "not: which of them it is, nothing tells",
      };
    case "missing":
      return {
        outcome: "not kept",
        sentence: "it is not among the events that are kept, although its time in the join is not over: it was " +
          "refused, or it was another event when it came",
      };
    case "settled":
      if (!isWhole) return goneWord(told);
      return isPreserved
        ? { outcome: "no partner", sentence: "it had no partner in time, and was told without one" }
        : {
          outcome: "no partner",
          sentence: `it has no partner so far; one is found until its side's time is ${timeText(keptUntilUs)}${
            ownTimeUs === null ? "" : ` (now ${timeText(ownTimeUs)})`
          }`,
        };
    case "gone":
      return goneWord(told);
  }
}

/** Of an event whose time in the join is over: what the topics of the other side still tell. */
function goneWord({ near, isWhole }: ToldPartners): StageWord {
  if (near === 0 && isWhole) {
    return { outcome: "no partner", sentence: "no record of the other side has its key and a time near enough" };
  }
  const found = near === 0
    ? "no record of the other side that has its key and a time near enough is found, and not all are there"
    : `${eventsWord(near)} of the other side ${near === 1 ? "has" : "have"} its key and a time near enough`;
  return {
    outcome: "not kept",
    sentence: `its time in the join is over, so what it was joined with is not kept any more: ${found}`,
  };
}

/** An aggregate, of an event that was not dropped as far as it is known. */
export function windowsWord(looked: LookedWindows, { isTaken }: { readonly isTaken: boolean }): StageWord {
  const { streamTimeUs, takenUntilUs, isEarly, windows, isToldOnClose } = looked;
  if (isEarly) return { outcome: "filtered", sentence: "it is of a time before all windows" };
  const isOpen = ({ closesAtUs }: LookedWindow) => streamTimeUs === null || closesAtUs > streamTimeUs;
  const isSure = isTaken || takenUntilUs === null || streamTimeUs === null || streamTimeUs < takenUntilUs;
  const now = streamTimeUs === null ? "" : ` (now ${timeText(streamTimeUs)})`;
  if (!isSure) {
    return {
      outcome: "not kept",
      sentence: `whether it came before its window closed is not known any more: that was at stream time ${
        timeText(takenUntilUs!)
      }${now}, and who has the stage began later, or has dropped too many since`,
    };
  }
  const [only] = windows;
  if (windows.length === 0) {
    const isWhole = takenUntilUs === null;
    const sentence = isWhole ? "it is in what is kept of its key" : "it was taken; no window that it is in is open now";
    return { outcome: "taken", sentence };
  }
  const open = windows.filter(isOpen);
  const told = (windows.length === 1 ? windows : open).map(windowText).join(", ");
  const rest = windows.length > 1 && open.length < windows.length
    ? `; whether it came before the ${windows.length - open.length} other window(s) of its time closed is not kept`
    : "";
  if (isToldOnClose && open.length > 0) {
    const closes = Math.min(...open.map(({ closesAtUs }) => closesAtUs));
    return {
      outcome: "waiting",
      sentence: `it is in ${told}${rest}, whose row is told when stream time is ${timeText(closes)}${now}`,
    };
  }
  if (windows.length > 1) {
    return { outcome: "taken", sentence: told === "" ? `it was taken${rest}` : `it is in ${told}${rest}` };
  }
  const state = isOpen(only) ? `, which takes events until stream time is ${timeText(only.closesAtUs)}${now}` : "";
  return { outcome: "taken", sentence: `it is in ${told}${state}` };
}

function windowText({ start, end }: LookedWindow): string {
  return `the window from ${timeText(start)} to ${timeText(end)}`;
}

/** A join with a table. */
export function tableJoinWord({ waitsUntilUs, streamTimeUs, isMatched, isOfItsTime }: LookedTableJoin): StageWord {
  if (waitsUntilUs !== null) {
    const now = streamTimeUs === null ? "" : ` (now ${timeText(streamTimeUs)})`;
    return {
      outcome: "waiting",
      sentence: `it waits for rows that come late, until its stream's time is ${timeText(waitsUntilUs)}${now}`,
    };
  }
  const which = isOfItsTime ? "of its time, as the table's history has it now, there is" : "there is now";
  const row = isMatched ? "this row" : "no row";
  return {
    outcome: "not kept",
    sentence: `which row the table had for it when it was told is not kept: ${which} ${row}`,
  };
}

/** A processor. */
export function callsWord({ entries, nextUs, nextWallUs, streamTimeUs }: LookedCalls): StageWord {
  const now = streamTimeUs === null ? "" : ` (now ${timeText(streamTimeUs)})`;
  const calls = [
    ...nextUs === null ? [] : [`is called again when stream time is ${timeText(nextUs)}${now}`],
    ...nextWallUs === null ? [] : [`is called again at ${timeText(nextWallUs)} by the wall clock`],
  ];
  const kept = entries === 1 ? "1 entry" : `${entries} entries`;
  return {
    outcome: "taken",
    sentence: `it was called with it; what it forwarded is not kept. Its key has ${kept} now${
      calls.length === 0 ? "" : `, and ${calls.join(" and ")}`
    }`,
  };
}

function eventsWord(count: number): string {
  return count === 1 ? "1 event" : `${count} events`;
}
