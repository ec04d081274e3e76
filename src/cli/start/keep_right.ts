import { ConfigError } from "../../record/errors.ts";
import { type BrokenFile, type LoadedFiles, problemsOf } from "../topology_files.ts";
import { failureOf } from "./failure.ts";
import type { Output } from "./output.ts";
import { failureEvent } from "./run_events.ts";
import { failedForGood, type ShownRun } from "./shown_run.ts";
import type { TopologyRun } from "./topology_run.ts";

/** Takes out what may not run, and shows it as failed. @throws ConfigError when nothing is left */
export function keepRight(
  { files, broken }: LoadedFiles,
  { runs, shown, output }: { readonly runs: TopologyRun[]; readonly shown: ShownRun[]; readonly output: Output },
): void {
  if (files.length === 0) throw new ConfigError(problemsOf(broken));
  for (const wrong of runs.filter(({ topology }) => files.every((file) => file.topology !== topology))) {
    runs.splice(runs.indexOf(wrong), 1);
    shown.splice(shown.indexOf(wrong), 1);
  }
  shown.push(...brokenRuns(broken, output));
}

/** Says so of each, too. */
function brokenRuns(broken: readonly BrokenFile[], output: Output): ShownRun[] {
  return broken.map(({ path, problems }) => {
    const failure = { ...failureOf(new ConfigError(problems)), fate: "final" } as const;
    output.event(failureEvent({ topology: path, failure, pauseMs: null }));
    return failedForGood(path, { failure, remedy: "correct the file, then start again" });
  });
}
