import { assertEquals } from "@std/assert";
import { type MysqlColumn, selectExpression, wireOf } from "../../../src/cli/verify/mysql_values.ts";

const column = (type: string, more: Partial<MysqlColumn> = {}): MysqlColumn => ({
  ...{ name: "v", type, length: null, nullable: true, fallback: null },
  ...more,
});

/** A column, what MariaDB prints of it, and what the connector was seen to write. */
const cases: readonly (readonly [column: MysqlColumn, printed: string, wire: string | null])[] = [
  [column("int"), "000042", "42"],
  [column("int"), "-128", "-128"],
  [column("bigint"), "18446744073709551615", "18446744073709551615"],
  [column("double"), "0", "0"],
  [column("double"), "0.1", "0.1"],
  [column("decimal"), "-0.01", '"-0.01"'],
  [column("set"), "a,c", '"a,c"'],
  [column("varbinary"), "DEADBEEF", '"3q2+7w=="'],
  [column("blob"), "", '""'],
  [column("bit", { length: 1 }), "1", "true"],
  [column("bit", { length: 20 }), "524289", '"AQAI"'],
  [column("date"), "2024-02-29", '"2024-02-29"'],
  [column("date"), "0000-00-00", null],
  [column("date"), "2024-05-00", null],
  [column("date", { nullable: false, fallback: "'2024-01-01'" }), "0000-00-00", '"2024-01-01"'],
  [column("date", { nullable: false }), "2024-00-00", '"1970-01-01"'],
  [column("datetime", { nullable: false, fallback: "current_timestamp()" }), "0000-00-00", '"1970-01-01T00:00:00"'],
  [column("datetime"), "2024-02-29 12:34:56.123456", '"2024-02-29T12:34:56.123456"'],
  [column("timestamp"), "2038-01-19 03:14:07", '"2038-01-19T03:14:07Z"'],
  [column("time"), "838:59:59", "3020399000000"],
  [column("time"), "-838:59:59.500", "-3020399500000"],
  [column("time"), "-00:00:00.000001", "-1"],
  [column("year"), "0000", "1900"],
  [column("year"), "2155", "2155"],
];

Deno.test("values of MySQL are written as the connector writes them", () => {
  for (const [of, printed, wire] of cases) assertEquals(wireOf(of)!(printed), wire, `${of.type} ${printed}`);
  assertEquals(wireOf(column("geometry")), null);
});

Deno.test("bytes and bits of MySQL are asked for as texts that lose nothing", () => {
  assertEquals(selectExpression(column("blob"), "`v`"), "HEX(`v`)");
  assertEquals(selectExpression(column("bit", { length: 8 }), "`v`"), "CAST(`v` + 0 AS CHAR)");
});
