import { GroupOutput, type GroupOutputOptions } from "./group_output.ts";
import { PartsOutput } from "./parts_output.ts";

/** What folds rows into groups: each into one, or each of its parts into one of its own. */
export type FoldOutput = GroupOutput | PartsOutput;

/** Makes what folds the rows of a task as its plan says. */
export function foldOutput(options: GroupOutputOptions): FoldOutput {
  const { grouping } = options.plan;
  return grouping.kind === "parts"
    ? new PartsOutput({ ...options, parts: grouping })
    : new GroupOutput({ ...options, groupBy: grouping.groupBy });
}
