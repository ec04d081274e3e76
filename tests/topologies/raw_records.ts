import type { TopologyTestDriver } from "../../src/testing/mod.ts";

/** An envelope around the row of JSON text `after`. */
export function envelope(after: string, op = "c"): string {
  return `{"before":null,"after":${after},"source":{"version":"3.6.3.Final","txId":1},"op":"${op}","ts_ms":1}`;
}

/** The rows shown, and the reasons of what was set aside. */
export async function shown(driver: TopologyTestDriver, sink: Parameters<TopologyTestDriver["select"]>[0]) {
  await driver.settle();
  return { rows: driver.select(sink), letters: driver.deadLetters().map(({ reason }) => reason).sort() };
}
