/**
 * Column types of SQL Server, as its connector of Debezium writes them: `import * as sqlserver from
 * "@weir/weir/sqlserver"`. Texts are `z.string()`.
 *
 * @module
 */
export {
  bigint,
  date,
  datetime,
  datetime2,
  datetimeoffset,
  decimal,
  float,
  int,
  money,
  smallint,
  smallmoney,
  time,
  tinyint,
  uniqueidentifier,
  varbinary,
} from "./formats/sqlserver_columns.ts";
export type { Column } from "./formats/column_type.ts";
export type { Int8 } from "./formats/int8.ts";
export type { Decimal } from "./record/decimal.ts";
