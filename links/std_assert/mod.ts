/**
 * What the tests use of `@std/assert`, under its name and with its signatures. By hand, though the library is well kept: it is published
 * on JSR alone, and Weir installs from npm alone, so that a build needs one registry. Without `links/` in `deno.json` the same imports
 * take the library itself. Values are compared by Node's own `deepStrictEqual`, which is what makes these lines few.
 */
import node from "node:assert/strict";

/** What a failed assertion throws. */
export const AssertionError = node.AssertionError;

// deno-lint-ignore no-explicit-any -- std's own signature: the arguments of an error's constructor do not matter here
type ErrorClass<E extends Error> = abstract new (...args: any[]) => E;

export function assert(expr: unknown, msg = ""): asserts expr {
  if (!expr) throw new AssertionError({ message: msg || "Expected a truthy value" });
}

export function assertEquals<T>(actual: T, expected: T, msg?: string): void {
  node.deepStrictEqual(actual, expected, msg!);
}

export function assertNotEquals<T>(actual: T, expected: T, msg?: string): void {
  node.notDeepStrictEqual(actual, expected, msg!);
}

export function assertStrictEquals<T>(actual: unknown, expected: T, msg?: string): asserts actual is T {
  node.strictEqual(actual, expected, msg!);
}

export function assertStringIncludes(actual: string, expected: string, msg?: string): void {
  assert(actual.includes(expected), msg ?? `Expected ${JSON.stringify(actual)} to contain ${JSON.stringify(expected)}`);
}

/** Gives back the error that `fn` throws; fails when it throws none, or another than described. */
export function assertThrows(fn: () => unknown, msg?: string): unknown;
export function assertThrows<E extends Error = Error>(
  fn: () => unknown,
  ErrorClass: ErrorClass<E>,
  msgIncludes?: string,
  msg?: string,
): E;
export function assertThrows(fn: () => unknown, ...expected: Expected): unknown {
  try {
    fn();
  } catch (error) {
    return checkThrown(error, expected);
  }
  throw new AssertionError({ message: "Expected function to throw" });
}

/** Gives back the error with which the promise of `fn` rejects; fails when it does not, or with another than described. */
export function assertRejects(fn: () => PromiseLike<unknown>, msg?: string): Promise<unknown>;
export function assertRejects<E extends Error = Error>(
  fn: () => PromiseLike<unknown>,
  ErrorClass: ErrorClass<E>,
  msgIncludes?: string,
  msg?: string,
): Promise<E>;
export async function assertRejects(fn: () => PromiseLike<unknown>, ...expected: Expected): Promise<unknown> {
  try {
    await fn();
  } catch (error) {
    return checkThrown(error, expected);
  }
  throw new AssertionError({ message: "Expected function to reject" });
}

type Expected = [classOrMsg?: ErrorClass<Error> | string, msgIncludes?: string, msg?: string];

function checkThrown(thrown: unknown, [expected, msgIncludes, msg]: Expected): unknown {
  if (typeof expected !== "function") return thrown;
  const found = thrown instanceof Error ? `${thrown.constructor.name}: ${thrown.message}` : String(thrown);
  assert(thrown instanceof expected, msg ?? `Expected ${expected.name}, but found ${found}`);
  if (msgIncludes !== undefined) assertStringIncludes(thrown.message, msgIncludes, msg);
  return thrown;
}
