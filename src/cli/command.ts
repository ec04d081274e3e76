import { parseArgs } from "node:util";
import { didYouMean } from "../record/nearest.ts";
import type { ReadValue } from "./option_values.ts";
import { UsageError } from "./usage_error.ts";

/** An option without a value. */
export interface Flag {
  readonly kind: "flag";
  readonly help: string;
}

/** An option with a value. */
export interface ValueOption<T> {
  readonly kind: "value";
  /** Stands for the value in the help text: `N`, `DIR`. */
  readonly placeholder: string;
  /** What the value must be, for the error message: `a duration such as 20s`. */
  readonly expected: string;
  readonly help: string;
  readonly read: ReadValue<T>;
  /** Lets the option be given several times: what its values say together. Without it twice is a mistake. */
  join?(before: T, next: T): T;
}

/** Options by name, without the two dashes. */
export type OptionSpecs = Readonly<Record<string, Flag | ValueOption<unknown>>>;

/** Values of the options given: false or undefined for the others. */
export type OptionValues<S extends OptionSpecs> = {
  readonly [N in keyof S]: S[N] extends ValueOption<infer T> ? T | undefined : boolean;
};

/** One command of the command line, its option types erased. */
export interface Command {
  readonly name: string;
  /** Positional arguments as the usage line shows them: `[topology...]`. */
  readonly operands: string;
  readonly options: OptionSpecs;
  /** What the help says below the usage line. */
  readonly description: string;
  readonly examples: readonly string[];
  /** Resolves to the status with which the process ends. @throws UsageError */
  run(args: readonly string[]): Promise<number>;
}

/** What a command's code is given. */
export interface Invocation<S extends OptionSpecs> {
  readonly operands: readonly string[];
  readonly options: OptionValues<S>;
}

export function flag(help: string): Flag {
  return { kind: "flag", help };
}

export function value<T>(option: Omit<ValueOption<T>, "kind">): ValueOption<T> {
  return { kind: "value", ...option };
}

/** Declares a command: arguments are checked before `run` sees them. */
export function command<const S extends OptionSpecs>(
  declared: Omit<Command, "run" | "options"> & {
    readonly options: S;
    /** Least and greatest number of operands. */
    readonly operandCount: readonly [number, number];
    readonly run: (invocation: Invocation<S>) => Promise<number>;
  },
): Command {
  return {
    ...declared,
    run: (args) => declared.run(readArguments(declared, args)),
  };
}

/** Reads a command's arguments. @throws UsageError with all problems */
export function readArguments<S extends OptionSpecs>(
  declared: { readonly name: string; readonly options: S; readonly operandCount: readonly [number, number] },
  args: readonly string[],
): Invocation<S> {
  const { options } = declared;
  const { tokens } = parseArgs({
    args: [...args],
    options: Object.fromEntries(
      Object.entries(options).map(([name, { kind }]) => [name, { type: kind === "flag" ? "boolean" : "string" }]),
    ) as Record<string, { type: "boolean" | "string" }>,
    allowPositionals: true,
    strict: false,
    tokens: true,
  });
  const problems: string[] = [];
  const operands: string[] = [];
  const values: Record<string, unknown> = {};
  for (const [name, { kind }] of Object.entries(options)) values[name] = kind === "flag" ? false : undefined;
  let numberAt = -1;
  for (const token of tokens) {
    if (token.kind === "positional") operands.push(token.value);
    if (token.kind !== "option" || token.index === numberAt) continue;
    // A negative number, which is taken for an option by each of its digits.
    if (/^-\d/.test(args[token.index])) {
      numberAt = token.index;
      operands.push(args[token.index]);
      continue;
    }
    const spec = Object.hasOwn(options, token.name) ? options[token.name] : undefined;
    if (spec === undefined) {
      const near = didYouMean(token.rawName, Object.keys(options).map((name) => `--${name}`));
      problems.push(
        `Cannot use "${token.rawName}" as an option of "${declared.name}": there is none of this name${near}`,
      );
    } else if (spec.kind === "flag") {
      if (token.value !== undefined) problems.push(`Cannot give "--${token.name}" a value: it takes none`);
      values[token.name] = true;
    } else readValue(spec, { name: token.name, text: token.value, values, problems });
  }
  problems.push(...operandProblems(declared, operands));
  if (problems.length > 0) throw new UsageError(problems);
  return { operands, options: values as OptionValues<S> };
}

function readValue(
  spec: ValueOption<unknown>,
  given: { name: string; text: string | undefined; values: Record<string, unknown>; problems: string[] },
): void {
  const { name, text, values, problems } = given;
  const before = values[name];
  if (before !== undefined && spec.join === undefined) problems.push(`Cannot use "--${name}" twice: give it once`);
  const read = text === undefined ? null : spec.read(text);
  if (read === null) {
    const current = text === undefined ? "there is none" : `current value is "${text}"`;
    problems.push(`Cannot use the value of "--${name}" as ${spec.expected}: ${current}`);
  } else values[name] = before === undefined || spec.join === undefined ? read : spec.join(before, read);
}

function operandProblems(
  declared: { readonly name: string; readonly operandCount: readonly [number, number] },
  operands: readonly string[],
): string[] {
  const [least, most] = declared.operandCount;
  if (operands.length < least) {
    return [`Cannot run "${declared.name}" with ${operands.length} arguments: it needs ${least}`];
  }
  if (operands.length <= most) return [];
  const extra = operands.slice(most).map((operand) => `"${operand}"`).join(", ");
  return [`Cannot use ${extra} as an argument of "${declared.name}": it takes at most ${most}`];
}
