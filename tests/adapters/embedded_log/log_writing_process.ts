/**
 * Writes into the log given as its argument until it is killed, and prints one line for each acknowledgement, after it.
 * Several writers at once, into several partitions; a compacted topic is compacted all the time. Run by
 * `log_kill_test.ts`.
 */
import { openEmbeddedLog } from "../../../src/adapters/embedded_log/log.ts";

const encoder = new TextEncoder();
const [path, round] = Deno.args;
const log = openEmbeddedLog({ path, limits: { appendSliceRecords: 50, maintenanceSliceRecords: 20 } });
await log.createTopic({ name: "events", partitions: 3, cleanup: "delete", retentionMs: -1 });
await log.createTopic({ name: "table", partitions: 1, cleanup: "compact", retentionMs: -1 });

function print(line: string): void {
  Deno.stdout.writeSync(encoder.encode(`${line}\n`));
}

async function writeEvents(writer: number): Promise<void> {
  for (let call = 0;; call++) {
    const partition = (writer + call) % 3;
    const count = 1 + (writer * 31 + call * 17) % 120;
    const prefix = `${round}/${writer}/${call}`;
    const records = Array.from(
      { length: count },
      (_, index) => ({ key: null, value: `${prefix}/${index}`.padEnd(300, ".") }),
    );
    const [base] = await log.append([{ topic: "events", partition, records }]);
    print(`events ${partition} ${base} ${count} ${prefix}`);
  }
}

async function writeTable(): Promise<void> {
  let { end: [version] } = await log.offsets("table");
  for (;;) {
    const records = Array.from({ length: 20 }, () => ({ key: `k${version % 50}`, value: String(version++) }));
    const [base] = await log.append([{ topic: "table", partition: 0, records }]);
    print(`table ${base} ${records[0].value}`);
  }
}

async function compact(): Promise<void> {
  for (;;) {
    await log.compact("table");
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

await Promise.all([writeEvents(0), writeEvents(1), writeEvents(2), writeTable(), compact()]);
