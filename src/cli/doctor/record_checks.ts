import { createDecoder } from "../../formats/decoder.ts";
import type { UnitDoubt } from "../../formats/unit_doubts.ts";
import type { Log } from "../../ports/log.ts";
import { DeserializationError } from "../../record/errors.ts";
import { newestRecords } from "../sources/newest_records.ts";
import { type Finding, Findings, reasonOf } from "./finding.ts";
import type { Needs } from "./needs.ts";

const RECORDS = 200;
/** A record may be newer than this clock by so much. */
const AHEAD_MS = 60_000;

/** What somebody does about records that are refused for a reason. */
const ADVICE: Readonly<Record<string, string>> = {
  null_key: "records have no key: set message.key.columns, or give the table a primary key",
  bad_key: "keys are not what is declared: compare the source's key, and key.converter",
  not_json: "values are no JSON: set value.converter=org.apache.kafka.connect.json.JsonConverter, or declare registry",
  missing_column: "columns are declared that records do not have: run deno task sources pull",
  wrong_type: "columns are declared otherwise: run deno task sources pull, and compare decimal.handling.mode",
};

/** Reads the newest records of each table as a start would, and shows nothing of them. */
export async function checkRecords(
  log: Pick<Log, "offsets" | "reader">,
  { needs, there }: { readonly needs: Needs; readonly there: ReadonlySet<string> },
): Promise<readonly Finding[]> {
  const findings = new Findings("records");
  for (const [topic, { name, key, row, format }] of needs.tables) {
    if (!there.has(topic)) {
      findings.notChecked(["form", topic], "the topic cannot be read");
      continue;
    }
    try {
      const records = await newestRecords(log as Log, { topic, most: RECORDS });
      if (records.length === 0) {
        findings.notChecked(["form", topic], "it has no records");
        continue;
      }
      const doubts: string[] = [];
      const onDoubt = ({ column, message }: UnitDoubt) => void doubts.push(`column "${column}": ${message}`);
      const decoder = createDecoder({ source: name, key, row, format, onDoubt });
      const refused = new Map<string, number>();
      for (const { record } of records) {
        try {
          decoder.decode(record);
        } catch (error) {
          if (!(error instanceof DeserializationError)) throw error;
          const columns = (error.problems?.columns ?? []).map(({ column }) => column);
          const what = `${error.reason}${columns.length === 0 ? "" : ` (${[...new Set(columns)].join(", ")})`}`;
          refused.set(what, (refused.get(what) ?? 0) + 1);
        }
      }
      for (const [what, count] of refused) {
        const advice = ADVICE[what.split(" ")[0]] ?? "look at them with deno task dlq once it runs";
        findings.wrong(["form", topic], {
          text: `${count} of the newest ${records.length} are refused, ${what}: ${advice}`,
        });
      }
      for (const message of doubts) findings.warn(["units", topic], { text: message });
      if (refused.size === 0) findings.ok(["form", topic], `the newest ${records.length} are read as declared`);
      const aheadMs = Math.max(...records.map(({ record }) => record.timestampMs)) - Date.now();
      if (aheadMs > AHEAD_MS) {
        findings.warn(["clock", topic], {
          text:
            `its newest record is ${
              Math.round(aheadMs / 1000)
            } s ahead of this clock: set the clock of who writes it ` +
            "(Connect, Kafka), or of this machine",
        });
      }
    } catch (error) {
      findings.notChecked(["form", topic], reasonOf(error));
    }
  }
  return findings.found;
}
