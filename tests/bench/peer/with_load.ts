import type { Measured } from "../report.ts";
import { watchUsage } from "../usage.ts";

/** Runs `action`, and says what others took of the machine meanwhile. */
export async function withLoad<T>(
  name: string,
  action: () => Promise<T>,
): Promise<{ readonly name: string; readonly value: T; readonly load: Measured["figures"] }> {
  console.error(`${name} ...`);
  const usage = watchUsage(Deno.pid);
  const value = await action();
  const { stolenShare } = usage.stop();
  const load = {
    "load of the machine (5 min)": Deno.loadavg()[1].toFixed(1),
    "% of the machine stolen": Math.round(stolenShare * 100),
  };
  return { name, value, load };
}
