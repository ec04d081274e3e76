import { resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { nearestConfig } from "../adapters/local/nearest_config.ts";
import { denoProgram } from "./deno_program.ts";
import { outsideProblem } from "./outside_project.ts";
import type { BrokenFile } from "./topology_files.ts";

/** Errors of one file that are told; of more only the number is. */
const ERRORS_MAX = 5;
/** A check that takes longer is given up. */
const CHECK_MS_MAX = 60_000;
const ERROR = /^(TS\d+) \[ERROR\]: (.*)$/m;
/** Below a line of code: where in it. */
const MARKS = /^\s*(?:~+|\^)$/;
const OVERLOAD = /^(?:Overload \d+ of \d+, |The last overload )/;
/** Names of the two types. */
const KINDS = /^Argument of type '(\w+).*' is not assignable to parameter of type '(\w+)/;
/** Of values, that is: what begins with `~` stands for types alone. */
const PROPERTY = /^(?:Types of property '(?!"~)|The types of ').+ are incompatible/;
/** Names that nothing uses are no reason not to run. */
const UNUSED: readonly string[] = ["TS6133", "TS6192", "TS6196", "TS6198", "TS6199"];

/** What checking the types of files found; `unchecked`: why it could not be done, null if it was. */
export interface TypeCheck {
  readonly broken: readonly BrokenFile[];
  readonly unchecked: string | null;
}

/**
 * Checks the types of topology files as `deno check` does, each file with all that it imports. Deno keeps what it
 * found, so that a check of what has not changed takes a tenth of a second.
 * `signal`: aborted, the check is given up, and what it says means nothing.
 */
export async function checkTypes(files: readonly string[], signal?: AbortSignal): Promise<TypeCheck> {
  if (files.length === 0) return { broken: [], unchecked: null };
  const program = denoProgram();
  if (program === null) return { broken: [], unchecked: "this process may not run deno (--allow-run)" };
  const all = await denoCheck(program, { files, signal });
  if (all.passed) return { broken: [], unchecked: null };
  if (all.late) return { broken: [], unchecked: `deno check takes longer than ${CHECK_MS_MAX / 1000} s` };
  const broken: BrokenFile[] = [];
  // A file is broken by what it imports, too, so each is asked for itself.
  for (const path of files) {
    if (signal?.aborted) break;
    const one = files.length === 1 ? all : await denoCheck(program, { files: [path], signal });
    if (one.passed) continue;
    const outside = outsideProblem(one.output);
    const problems = outside === null ? typeErrors(one.output) : [outside];
    if (problems.length === 0 && ERROR.test(one.output)) continue;
    // What is no error of types shows at the import.
    if (problems.length === 0) return { broken, unchecked: `deno check says: ${one.output.trim().split("\n")[0]}` };
    const more = problems.length > ERRORS_MAX
      ? [`${problems.length - ERRORS_MAX} more errors: deno check ${path}`]
      : [];
    broken.push({ path, problems: [...problems.slice(0, ERRORS_MAX), ...more] });
  }
  return { broken, unchecked: null };
}

/** `late`: it was given up. */
async function denoCheck(
  program: string,
  { files, signal }: { readonly files: readonly string[]; readonly signal: AbortSignal | undefined },
): Promise<{ readonly passed: boolean; readonly late: boolean; readonly output: string }> {
  // That with which this program runs, wherever it was started.
  const config = nearestConfig(Deno.mainModule);
  const timeout = AbortSignal.timeout(CHECK_MS_MAX);
  const { code, stderr } = await new Deno.Command(program, {
    args: [
      "check",
      "--quiet",
      ...(config === null ? [] : ["--config", config]),
      ...files.map((path) => resolve(path)),
    ],
    env: { NO_COLOR: "1" },
    stdin: "null",
    stdout: "null",
    stderr: "piped",
    signal: signal === undefined ? timeout : AbortSignal.any([timeout, signal]),
  }).output();
  return { passed: code === 0, late: code !== 0 && timeout.aborted, output: new TextDecoder().decode(stderr) };
}

/** The errors in what `deno check` prints, each as `file:line:column: message`, without those of {@link UNUSED}. */
export function typeErrors(output: string): string[] {
  const errors: string[] = [];
  let code = "";
  let lines: string[] = [];
  for (const line of output.split("\n")) {
    const begin = ERROR.exec(line);
    const place = /^ {4}at (file:.+?)(:\d+:\d+)$/.exec(line);
    if (begin !== null) [code, lines] = [begin[1], [begin[2]]];
    else if (place !== null && lines.length > 0) {
      if (!UNUSED.includes(code)) errors.push(`${pathOf(place[1])}${place[2]}: ${messageOf(lines)} (${code})`);
      lines = [];
    } else if (lines.length > 0) lines.push(line);
  }
  return errors;
}

/**
 * What is wrong, and the innermost reason with the property that it is about. Behind them stand the line of code and a
 * line of marks below it, if Deno shows any.
 */
function messageOf(lines: readonly string[]): string {
  const said = MARKS.test(lines.at(-1)!) ? lines.slice(0, -2) : lines;
  const [message, ...reasons] = said.map((line) => line.trim()).filter((line) => line !== "");
  const chain = nearestOverload(reasons);
  const reason = chain.at(-1);
  if (reason === undefined) return message;
  const property = chain.findLast((line) => PROPERTY.test(line));
  return [message, ...property === undefined || property === reason ? [] : [property], reason].join(" ");
}

/**
 * Reasons of the overload that was meant, each of which has reasons of its own: the first one that takes an argument of
 * the kind that was given, such as a `Sink`, else the first one. Without overloads: all reasons.
 */
function nearestOverload(reasons: readonly string[]): readonly string[] {
  const starts = reasons.flatMap((line, at) => OVERLOAD.test(line) ? [at] : []);
  const overloads = starts.map((at, index) => reasons.slice(at + 1, starts[index + 1]));
  return overloads.find(([first]) => {
    const [, given, taken] = KINDS.exec(first ?? "") ?? [];
    return given !== undefined && given === taken;
  }) ?? overloads[0] ?? reasons;
}

function pathOf(url: string): string {
  const path = fileURLToPath(url);
  const here = resolve(".");
  return path.startsWith(`${here}/`) ? path.slice(here.length + 1) : path;
}
