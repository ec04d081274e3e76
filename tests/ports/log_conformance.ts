import type { LogCase, LogFeatures, OpenedLog } from "./log_conformance_case.ts";
import { epochCases } from "./log_conformance_epochs.ts";
import { groupCases } from "./log_conformance_group.ts";
import { progressCases } from "./log_conformance_progress.ts";
import { readerCases } from "./log_conformance_reader.ts";
import { recordCases } from "./log_conformance_records.ts";
import { sharedCases } from "./log_conformance_shared.ts";
import { sizeCases } from "./log_conformance_sizes.ts";
import { topicCases } from "./log_conformance_topics.ts";
import { transactionCases } from "./log_conformance_transactions.ts";
import { truncationCases } from "./log_conformance_truncation.ts";
import { wholeCases } from "./log_conformance_whole.ts";

export type { LogFeatures, OpenedLog } from "./log_conformance_case.ts";

const CASES = [
  ...topicCases,
  ...truncationCases,
  ...recordCases,
  ...readerCases,
  ...epochCases,
  ...sharedCases,
  ...sizeCases,
  ...wholeCases,
  ...groupCases,
  ...progressCases,
  ...transactionCases,
];

/**
 * Registers one `Deno.test` for every guarantee of the Log port. `open` is called once for each case and may lead to
 * the same broker every time: names of topics and groups are random. Cases wait up to 30 seconds for what must happen,
 * and not much longer than a second for what must not.
 */
export function logConformance(name: string, features: LogFeatures, open: () => Promise<OpenedLog>): void {
  for (const logCase of CASES) {
    const reasons = (logCase.needs ?? []).flatMap((capability) => features.lacks[capability] ?? []);
    Deno.test({
      name: `${name}: ${logCase.name}${reasons.length === 0 ? "" : ` (lacking: ${reasons.join("; ")})`}`,
      ignore: reasons.length > 0,
      fn: () => runCase(logCase, open),
    });
  }
}

async function runCase(logCase: LogCase, open: () => Promise<OpenedLog>): Promise<void> {
  const opened = await open();
  let current = opened;
  const reopen = opened.reopen && async function reopenAndKeep(): Promise<OpenedLog> {
    const next = await current.reopen!();
    current = next;
    return next;
  };
  try {
    await logCase.run({ ...opened, reopen });
  } finally {
    await current.close();
  }
}
