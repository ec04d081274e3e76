/** The command line was not understood. Lists all problems at once; the process ends with status 2. */
export class UsageError extends Error {
  override readonly name = "UsageError";
  constructor(readonly problems: readonly string[]) {
    super(problems.length === 1 ? problems[0] : problems.map((problem) => `\n  - ${problem}`).join(""));
  }
}
