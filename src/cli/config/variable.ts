import { z } from "zod";
import { withoutPassword } from "./secret.ts";

/** How one variable of the environment is read. */
export interface VariableOptions<T> {
  /** Completes "Cannot use NAME as ...". */
  readonly expected: string;
  /** The value of a text; null if it cannot be one. */
  readonly read: (text: string) => T | null;
  /** The text is never shown. */
  readonly secret?: boolean;
}

/** The schema of a variable that may be absent. */
export type Variable<T> = z.ZodOptional<z.ZodPipe<z.ZodString, z.ZodTransform<T, string>>>;

/** Declares a variable. Its problem names it, what it should be, and what it is. */
export function variable<T>(name: string, { expected, read, secret = false }: VariableOptions<T>): Variable<T> {
  return z.string().transform((text, context): T => {
    const value = read(text);
    if (value !== null) return value;
    const current = secret ? "*** (not shown)" : `"${withoutPassword(text)}"`;
    context.issues.push({
      code: "custom",
      input: secret ? "***" : text,
      message: `Cannot use ${name} as ${expected}: current value is ${current}`,
    });
    return z.NEVER;
  }).optional();
}

const YES = new Set(["1", "true", "yes", "on"]);
const NO = new Set(["0", "false", "no", "off"]);

/** A variable that is true or false. */
export function switchVariable(name: string): Variable<boolean> {
  return variable(name, {
    expected: "true or false",
    read: (text) => YES.has(text.toLowerCase()) ? true : NO.has(text.toLowerCase()) ? false : null,
  });
}
