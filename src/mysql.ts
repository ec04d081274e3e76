/**
 * Column types of MySQL and MariaDB, as their connectors of Debezium write them: `import * as mysql from
 * "@weir/weir/mysql"`. Texts (CHAR, VARCHAR, TEXT) are `z.string()`, an ENUM is `z.enum([...])`.
 *
 * @module
 */
export {
  bigint,
  binary,
  bit,
  blob,
  bool,
  date,
  datetime,
  decimal,
  double,
  float,
  int,
  json,
  mediumint,
  set,
  smallint,
  time,
  timestamp,
  tinyint,
  varbinary,
  type WideBits,
  type WideDecimal,
  year,
  type ZeroDateOptions,
  type ZeroDates,
} from "./formats/mysql_columns.ts";
export type { Column } from "./formats/column_type.ts";
export type { Int8 } from "./formats/int8.ts";
export type { Decimal } from "./record/decimal.ts";
