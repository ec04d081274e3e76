/** One thing that must be green: arguments of `deno`. */
export interface Check {
  readonly name: string;
  readonly args: readonly string[];
  /** It runs tests: how many passed and failed is read from the summary that `deno test` prints. */
  readonly counts: boolean;
}

/** What a check found. */
export interface CheckResult {
  readonly name: string;
  readonly seconds: number;
  readonly succeeded: boolean;
  /** Null where nothing is counted. */
  readonly counts: Counts | null;
}

interface Counts {
  readonly passed: number;
  readonly failed: number;
}

/** All that must be green, the quickest first. CI runs no more and no less. */
const CHECKS: readonly Check[] = [
  { name: "format", args: ["fmt", "--check"], counts: false },
  { name: "lint", args: ["lint"], counts: false },
  { name: "types", args: ["check", "src", "topologies", "examples", "tests", "tools", "compose"], counts: false },
  { name: "console types", args: ["check", "--config", "console/deno.json", "console"], counts: false },
  { name: "console build", args: ["task", "console:build", "--check"], counts: false },
  { name: "docstrings", args: ["doc", "--lint", "src/mod.ts"], counts: false },
  { name: "simulation", args: ["task", "sim", "--seeds", "40"], counts: false },
  { name: "tests", args: ["task", "test"], counts: true },
];

/** Runs the checks one after the other, also after one has failed. `write` is given what they print. */
export async function runChecks(checks: readonly Check[], write: (bytes: Uint8Array) => void): Promise<CheckResult[]> {
  const results: CheckResult[] = [];
  for (const { name, args, counts } of checks) {
    write(new TextEncoder().encode(`== ${name}: deno ${args.join(" ")}\n`));
    const startMs = performance.now();
    const child = new Deno.Command(Deno.execPath(), { args: [...args], stdout: "piped", stderr: "inherit" }).spawn();
    let printed = "";
    const decoder = new TextDecoder();
    for await (const bytes of child.stdout) {
      write(bytes);
      if (counts) printed += decoder.decode(bytes, { stream: true });
    }
    const { success } = await child.status;
    const found = counts ? countsOf(printed) : null;
    // Tests without a summary have not run.
    const succeeded = success && (!counts || found !== null);
    results.push({ name, seconds: (performance.now() - startMs) / 1000, succeeded, counts: found });
  }
  return results;
}

/** What the last summary of `deno test` in this text says; null if there is none. */
export function countsOf(text: string): Counts | null {
  // deno-lint-ignore no-control-regex -- colours begin with this character
  const plain = text.replace(/\x1b\[[0-9;]*m/g, "");
  const last = [...plain.matchAll(/^(?:ok|FAILED) \| (\d+) passed.*? \| (\d+) failed/gm)].at(-1);
  return last === undefined ? null : { passed: Number(last[1]), failed: Number(last[2]) };
}

/** How many failures a result stands for: a check that ends badly is at least one. */
export function failedOf({ succeeded, counts }: CheckResult): number {
  return Math.max(counts?.failed ?? 0, succeeded ? 0 : 1);
}

/** The results for people, one check a line. */
export function tableOf(results: readonly CheckResult[]): string {
  const rows = results.map((result) => {
    const { name, seconds, counts } = result;
    const verdict = failedOf(result) === 0 ? "ok" : "FAILED";
    const found = counts === null ? verdict : `${verdict}: ${counts.passed} passed, ${counts.failed} failed`;
    return [name, seconds.toFixed(1), found] as const;
  });
  const width = Math.max("check".length, ...rows.map(([name]) => name.length));
  return [["check", "seconds", "result"] as const, ...rows]
    .map(([name, seconds, found]) => `${name.padEnd(width)}  ${seconds.padStart(7)}  ${found}`).join("\n");
}

/** `N passed, N failed`: the tests that passed; the tests and checks that failed. */
export function lastLine(results: readonly CheckResult[]): string {
  const passed = results.reduce((sum, { counts }) => sum + (counts?.passed ?? 0), 0);
  const failed = results.reduce((sum, result) => sum + failedOf(result), 0);
  return `${passed} passed, ${failed} failed`;
}

if (import.meta.main) {
  const results = await runChecks(CHECKS, (bytes) => {
    for (let at = 0; at < bytes.length;) at += Deno.stdout.writeSync(bytes.subarray(at));
  });
  console.log(`\n${tableOf(results)}\n${lastLine(results)}`);
  if (results.some((result) => failedOf(result) > 0)) Deno.exit(1);
}
