import type { RetentionRule } from "./rules.ts";
import type { RetentionOptions } from "./world.ts";

/** A deliberate bug: rules that are taken away. */
interface RetentionMutant {
  readonly without: readonly RetentionRule[];
  /** In which world. Default: windows. */
  readonly world?: RetentionOptions["kind"];
  /** What goes wrong. */
  readonly effect: string;
}

/** Each must be noticed. */
export const RETENTION_MUTANTS: readonly RetentionMutant[] = [
  { without: ["evaluated"], effect: "a window is forgotten whose last change was not looked at" },
  { without: ["acknowledged"], effect: "a window is forgotten whose last row is lost with its process" },
  { without: ["readUp"], effect: "a window is forgotten as an owner has it that has not read its last change" },
  { without: ["proven"], effect: "an owner that has lost the task tells a horizon of rows that another one writes" },
  { without: ["compared"], effect: "a row that a former owner wrote late stays, as nobody knows better any more" },
  { without: ["writtenOnce"], effect: "a former owner writes late over a row that this one only found to be right" },
  { without: ["told"], effect: "a longer retention makes windows missing that are forgotten: they are deleted" },
  { without: ["ownHorizon"], effect: "a horizon that is written late hides a greater one" },
  { without: ["greatestHorizon"], effect: "a horizon that comes late brings forgotten windows back as missing ones" },
  { without: ["greaterFirst"], effect: "after a crash no horizon is left" },
  { without: ["toldFirst"], effect: "a start finds facts gone, and no horizon that says why" },
  { without: ["beyondIgnored"], effect: "what a former owner of the stage wrote late is shown again" },
  { without: ["leftAlone"], effect: "a start deletes what it does not know any more" },
  { without: ["endedSilently"], effect: "windows are deleted when they are forgotten" },
  { without: ["readToEnd"], effect: "a start does not see the horizon for which facts were removed" },
  { without: ["closedByTime"], effect: "a late event opens an empty window over a row" },
  { without: ["lastChange"], world: "sessions", effect: "a session that grows is forgotten by where it began" },
  { without: ["goneAged"], world: "sessions", effect: "a session that became another one is there again" },
  { without: ["knownCompared"], world: "sessions", effect: "a row of a session that grows stays as it was" },
  { without: ["unknownShown"], world: "sessions", effect: "the row of a forgotten session is not deleted" },
  { without: ["goneBuried"], world: "sessions", effect: "a former owner shows late what was there for a moment" },
  { without: ["deadNames"], world: "sessions", effect: "what is written under a name that is deleted is hidden" },
];
