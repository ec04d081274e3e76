/**
 * Column types of Oracle, as its connector of Debezium writes them: `import * as oracle from
 * "@weir/weir/oracle"`. Texts are `z.string()`.
 *
 * @module
 */
export {
  binaryDouble,
  date,
  interval,
  number,
  raw,
  timestamp,
  timestampWithTimeZone,
} from "./formats/oracle_columns.ts";
export type { Column } from "./formats/column_type.ts";
export type { Int8 } from "./formats/int8.ts";
export type { Decimal } from "./record/decimal.ts";
