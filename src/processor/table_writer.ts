import type { SinkPlan } from "../plan/physical.ts";
import { type ChangedRow, changedRowText } from "../record/changed_row.ts";
import { eventJson } from "../record/event_json.ts";
import { type RowWriter, rowWriter, textWriter } from "./line_writer.ts";
import { rowJson } from "./output_record.ts";

/**
 * The encoder of a sink's rows: lines for ClickHouse, or the values of a topic's records; where these are changes that
 * the topology itself reads, of rows with their keys ({@link ChangedRow}).
 */
export function tableWriter({ columns, output }: SinkPlan["table"]): RowWriter {
  if (output === undefined) return rowWriter(columns);
  if (output.changes) return textWriter((row) => changedRowText(row as unknown as ChangedRow));
  const names = output.columns;
  return textWriter(names === null ? eventJson : (row) => rowJson(row, names));
}
