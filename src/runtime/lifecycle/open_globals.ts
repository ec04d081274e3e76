import type { UnitDoubt } from "../../formats/unit_doubts.ts";
import { ProductionError } from "../../record/errors.ts";
import { GlobalReader } from "../globals/global_reader.ts";
import type { Ports } from "../ports.ts";
import type { Problems } from "../problems.ts";
import type { RunEvent } from "../run_event.ts";
import type { TaskContext } from "../task/task_context.ts";
import type { CorrectionSource } from "../globals/corrections.ts";
import type { GlobalLetters } from "./global_letters.ts";
import type { Topics } from "./topics.ts";

/** What the global tables of a topology are wired to. */
export interface OpenGlobalsOptions {
  readonly topics: Topics;
  readonly context: TaskContext;
  readonly ports: Ports;
  readonly problems: Problems;
  readonly letters: GlobalLetters;
  readonly corrections: CorrectionSource;
  /** Nothing may be evaluated any more. */
  readonly closeTasks: () => void;
  readonly onDoubt: (table: string, doubt: UnitDoubt) => void;
  readonly onProgress: () => void;
  readonly onEvent: (event: RunEvent) => void;
  readonly fail: (error: Error) => void;
}

/** The reader of a topology's global tables, which nothing is read by yet. */
export function openGlobals(options: OpenGlobalsOptions): GlobalReader {
  const { topics, context, ports, problems, letters, corrections, closeTasks, onDoubt, onProgress, onEvent, fail } =
    options;
  return new GlobalReader({
    tables: topics.plan.globals,
    topics: topics.sources,
    globals: context.globals,
    log: ports.log,
    clock: ports.clock,
    process: ports.process ?? ports.log,
    onUndecodable: (unreadable) => letters.undecodable(unreadable),
    corrections,
    onMended: (table, mended) => letters.read(table, mended),
    onUnfit: (table, reason) => onEvent({ kind: "own table", table, reason }),
    onDoubt,
    onProgress,
    onState: (problem) => problems.set("global tables", problem),
    onLost: (topic, why) => {
      const message = `Topic "${topic}" ${why}: it is read again from its start`;
      fail(new ProductionError(message, { retriable: true }));
    },
    onFatal: (error) => {
      // In this turn: the tables are others' too, and go on to change without a word.
      closeTasks();
      fail(error);
    },
  });
}
