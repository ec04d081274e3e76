import type { ProcessEnd, ProcessNotes } from "../../adapters/local/process_notes.ts";
import type { LogLevel } from "../config/environment_schema.ts";
import { clockTime } from "../numbers.ts";
import { shortened } from "../plain_text.ts";
import { oneLine } from "./failure.ts";
import type { Event, Output } from "./output.ts";
import { TaskMoves } from "./task_moves.ts";

/** Events that are kept, and characters of each. */
const EVENTS_MAX = 100;
const SENTENCE_MAX = 400;

/** Something that happened to an instance. */
export interface InstanceEvent {
  /** Milliseconds since the epoch: when it happened last. */
  readonly at: number;
  /** When it happened first, and how often since then. */
  readonly since: number;
  readonly count: number;
  /** Null: it is of the whole instance. */
  readonly topology: string | null;
  /** Short and stable: `restart`, `failed`, `tasks moved`. */
  readonly kind: string;
  readonly level: LogLevel;
  readonly sentence: string;
}

/**
 * What of the log is kept: what happened to topologies, tasks and the process. None of these tells more of rows than
 * problems do; dead letters, and rows that differ, have pages of their own.
 */
const KEPT: ReadonlySet<string> = new Set([
  ...["started", "failed", "restart", "problem", "problem solved", "taken over", "repaired", "made again"],
  ...["records lost", "restored", "snapshot ignored", "snapshot failed"],
  ...["standbys took over", "standby ignored", "standby begun anew", "standby given up"],
  ...["clickhouse ended", "kafka", "letter topics"],
]);

/**
 * The last events of an instance, by listening to its log. What happens again and again is kept once, with how often,
 * so that it drives nothing else out.
 */
export class KeptEvents {
  readonly #nowMs: () => number;
  readonly #moves = new TaskMoves();
  /** By what they are about, the oldest first. */
  readonly #events = new Map<string, InstanceEvent>();
  #notes: Pick<ProcessNotes, "end"> | null = null;

  constructor(nowMs: () => number) {
    this.#nowMs = nowMs;
  }

  /** The newest first. */
  list(): readonly InstanceEvent[] {
    return [...this.#events.values()].toSorted((a, b) => b.at - a.at);
  }

  /** The same output, of which this keeps what happens. */
  heard(output: Output): Output {
    return {
      ...output,
      event: (event) => {
        this.hear(event);
        output.event(event);
      },
    };
  }

  hear(event: Event): void {
    const { name, level, text, fields = {} } = event;
    const topology = typeof fields.topology === "string" ? fields.topology : null;
    for (const sentence of this.#moves.hear(event)) {
      this.#keep({ topology, kind: "tasks moved", level: "info", sentence });
    }
    if (name === "ended") this.#notes?.end(level === "error" ? "fault" : "cleanly", this.#said(text));
    if (!KEPT.has(name)) return;
    // A problem whose words change is the same one.
    const about = name === "problem" || name === "problem solved" ? String(fields.name) : undefined;
    this.#keep({ topology, kind: name, level, sentence: text, about });
  }

  /** The process begins, behind others on its data directory; how it ends is noted. */
  begin(pid: number, notes: Pick<ProcessNotes, "former" | "end">): void {
    this.#notes = notes;
    for (const end of notes.former) {
      const level = end.how === "cleanly" ? "info" : "warn";
      this.#keep({ topology: null, kind: "process ended", level, sentence: endSentence(end), at: end.endedMs });
    }
    this.#keep({ topology: null, kind: "process began", level: "info", sentence: `Process ${pid} began.` });
  }

  /** The process is about to end. */
  ending(text: string): void {
    this.#keep({ topology: null, kind: "ending", level: "info", sentence: text });
  }

  /** It ends by an error, unless it has said already how. */
  failed(reason: string): void {
    this.#notes?.end("fault", this.#said(reason));
  }

  #said(text: string): { readonly sentence: string; readonly nowMs: number } {
    return { sentence: oneLine(text), nowMs: this.#nowMs() };
  }

  #keep(
    { about, at = this.#nowMs(), ...event }: Pick<InstanceEvent, "topology" | "kind" | "level" | "sentence"> & {
      /** What makes it the same as an earlier one; its sentence if absent. */
      readonly about?: string;
      readonly at?: number;
    },
  ): void {
    const sentence = shortened(oneLine(event.sentence), SENTENCE_MAX);
    const key = JSON.stringify([event.topology, event.kind, about ?? sentence]);
    const before = this.#events.get(key);
    this.#events.delete(key);
    this.#events.set(key, { at, since: before?.since ?? at, count: (before?.count ?? 0) + 1, ...event, sentence });
    if (this.#events.size <= EVENTS_MAX) return;
    // Why it was begun at all is of interest for as long as it runs.
    const [oldest] = this.#events.entries().find(([, { kind }]) => !kind.startsWith("process "))!;
    this.#events.delete(oldest);
  }
}

function endSentence({ pid, startedMs, endedMs, how, sentence: said }: ProcessEnd): string {
  const sentence = said?.replace(/^Ended(, but not all is well)?(: |\. )/, "");
  const who = `Process ${pid}, which ran for ${clockTime(endedMs - startedMs)},`;
  switch (how) {
    case "cleanly":
      return `${who} ended cleanly: ${sentence}`;
    case "fault":
      return `${who} ended by a fault: ${sentence}`;
    case "silent":
      return `${who} ended without a word (kill -9, out of memory, power): it was last known to live then.`;
  }
}
