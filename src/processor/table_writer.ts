import type { SinkPlan } from "../plan/physical.ts";
import { eventJson } from "../record/event_json.ts";
import { type RowWriter, rowWriter, textWriter } from "./line_writer.ts";
import { rowJson } from "./output_record.ts";

/** The encoder of a sink's rows: lines for ClickHouse, or the values of a topic's records. */
export function tableWriter({ columns, output }: SinkPlan["table"]): RowWriter {
  if (output === undefined) return rowWriter(columns);
  const names = output.columns;
  return textWriter(names === null ? eventJson : (row) => rowJson(row, names));
}
