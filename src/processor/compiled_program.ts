import { UNKNOWN, type Value } from "../record/row.ts";
import { specialised } from "../record/specialised.ts";
import { NO_ROW } from "../state/packed_rows.ts";
import type { Slot } from "../state/slots.ts";
import { keyValueOf } from "./key_value.ts";
import { noForeignKey } from "./lookup_join.ts";
import { plainProgram, type Program, type ProgramOptions } from "./program.ts";
import { type Writer, written } from "./written_step.ts";

/** Functions of one program at most. */
const VARIANTS_MAX = 8;
/** Kinds of a member's row. */
const KINDS = 256;
/** Members whose kinds one number can tell. */
const MEMBERS_MAX = 6;

type Run = (entry: Slot) => readonly Value[];

/**
 * The program as one function for entries whose members have rows of the same shapes (or none, as the case may be): all
 * steps written out, each row with all its columns in one literal. Entries of other kinds, and the first ones of each
 * kind, are evaluated by {@link plainProgram}, which says what it does.
 *
 * Registers that are no output are left as they are. `afterRows`: how many of a kind are the first.
 */
export function compiledProgram(options: ProgramOptions, { afterRows }: { readonly afterRows: number }): Program {
  const plain = plainProgram(options);
  const { members } = options.entries;
  if (members.length > MEMBERS_MAX) return plain;
  const registers: Value[] = options.steps.map(() => null);
  /** By kind: a function, or how often it was missed. */
  const variants = new Map<number, Run | number>();
  let compiled = 0;
  const first = (entry: Slot, kind: number): readonly Value[] => {
    const runs = (variants.get(kind) ?? 0) as number;
    if (compiled >= VARIANTS_MAX || runs < 0) return plain.run(entry);
    if (runs < afterRows) {
      if (variants.size < KINDS) variants.set(kind, runs + 1);
      return plain.run(entry);
    }
    const run = compile(members.map((rows) => rows.kind(entry)), { options, registers });
    variants.set(kind, run ?? -1);
    if (run === null) return plain.run(entry);
    compiled++;
    return run(entry);
  };
  if (members.length === 1) {
    const [rows] = members;
    let lastKind = -1;
    let last: Run = plain.run;
    return {
      run(entry) {
        const kind = rows.kind(entry);
        if (kind === lastKind) return last(entry);
        const run = variants.get(kind);
        if (typeof run !== "function") return first(entry, kind);
        lastKind = kind;
        return (last = run)(entry);
      },
    };
  }
  return {
    run(entry) {
      let kind = 0;
      for (let member = 0; member < members.length; member++) kind = kind * KINDS + members[member].kind(entry);
      const run = variants.get(kind);
      return typeof run === "function" ? run(entry) : first(entry, kind);
    },
  };
}

/** The function for entries whose members' rows are of these kinds; null if it would not pay. */
function compile(
  kinds: readonly number[],
  { options, registers }: { readonly options: ProgramOptions; readonly registers: Value[] },
): Run | null {
  const { steps, entries, outputs } = options;
  if (kinds.every((kind) => kind === NO_ROW)) return null;
  if (kinds.some((kind, member) => kind !== NO_ROW && entries.members[member].shape(kind) === null)) return null;
  const writer: Writer = {
    constants: { registers, UNKNOWN, keys: entries.keys, keyValue: keyValueOf(options.keyColumns), noForeignKey },
    known: [],
    kinds,
    options,
  };
  const words = options.outcomes?.words;
  if (words !== undefined) writer.constants.words = words;
  const lines = ["let key;", ...Array.from(words ?? [], (_, word) => `let o${word} = 0;`)];
  for (const step of steps) {
    const { text, known } = written(step, writer);
    lines.push(text);
    writer.known.push(known);
  }
  for (const output of outputs) lines.push(`registers[${output}] = r${output};`);
  words?.forEach((_, word) => lines.push(`words[${word}] = o${word};`));
  return specialised(writer.constants, ["entry"], [...lines, "return registers"].join("\n"));
}
