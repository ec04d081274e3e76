import { z } from "zod";
import { readText } from "../option_values.ts";
import { Secret, withoutPassword } from "./secret.ts";

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

/** A variable that is a text. */
export function textVariable(name: string): Variable<string> {
  return variable(name, { expected: "a text that is not empty", read: readText });
}

/** A variable that nothing shows. */
export function secretVariable(name: string): Variable<Secret> {
  return variable(name, { expected: "a secret", read: (value) => new Secret(value), secret: true });
}

/** A variable that is an address. `protocols`: as `URL` has them, with a colon. */
export function urlVariable(
  name: string,
  { protocols, example }: { readonly protocols: readonly string[]; readonly example: string },
): Variable<string> {
  return variable(name, {
    expected: `an address such as ${example}`,
    read: (value) => URL.canParse(value) && protocols.includes(new URL(value).protocol) ? value : null,
  });
}

/** A variable of certificates in PEM. */
export function certificateVariable(name: string): Variable<string> {
  return variable(name, {
    expected: `certificates in PEM ("-----BEGIN CERTIFICATE-----"); for a file use ${name}_FILE`,
    read: (pem) => pem.includes("-----BEGIN CERTIFICATE-----") ? pem : null,
    secret: true,
  });
}

/** A variable of a private key in PEM. */
export function keyVariable(name: string): Variable<Secret> {
  return variable(name, {
    expected: `a private key in PEM ("-----BEGIN PRIVATE KEY-----"); for a file use ${name}_FILE`,
    read: (pem) => /-----BEGIN [A-Z ]*PRIVATE KEY-----/.test(pem) ? new Secret(pem) : null,
    secret: true,
  });
}

const YES = new Set(["1", "true", "yes", "on"]);
const NO = new Set(["0", "false", "no", "off"]);

/** A variable that is true or false. */
export function switchVariable(name: string): Variable<boolean> {
  return variable(name, { expected: "true or false", read: readSwitch });
}

/** `on`, `off`, and other words for these; null for anything else. */
export function readSwitch(text: string): boolean | null {
  return YES.has(text.toLowerCase()) ? true : NO.has(text.toLowerCase()) ? false : null;
}
