import { clickhouseAppend, type KTable, type TopologyBuilder } from "../../src/mod.ts";
import { comparedRowText } from "../../src/record/changed_row.ts";
import { keyOfColumns, keyText } from "../../src/record/key.ts";
import type { Row } from "../../src/record/row.ts";
import type { TopologyTestDriver } from "../../src/testing/mod.ts";

const COLUMNS = { key: "String", row: "Nullable(String)" } as const;

// deno-lint-ignore no-explicit-any -- a random table has columns that the compiler does not know
type AnyTable = KTable<any, any>;

/** Every change of the table's rows, under its key as text, into an append table that is named after its sink. */
export function tellChanges(builder: TopologyBuilder, table: AnyTable, { sink }: { readonly sink: string }): void {
  const name = `${sink}_told`;
  builder.toStream(table, { name })
    .map((row, key) => [null, { key: keyText(keyOfColumns(key)), row: row === null ? null : comparedRowText(row) }])
    .to(clickhouseAppend(name, { columns: COLUMNS, orderBy: ["key"] }));
}

/** What events amount to, one after the other, and those that say once more what the one before said. */
export function amountOf(
  driver: Pick<TopologyTestDriver, "appended">,
  { sink }: { readonly sink: string },
): { readonly rows: string[]; readonly again: string[] } {
  const told = new Map<string, string | null>();
  const again: string[] = [];
  for (const { key, row } of driver.appended({ spec: { name: sink } as never })) {
    const [of, text] = [String(key), row as string | null];
    if (text === (told.get(of) ?? null)) again.push(`${of} is ${text} again`);
    told.set(of, text);
  }
  return { rows: [...told].flatMap(([key, text]) => text === null ? [] : [`${key} is ${text}`]), again };
}

/** The rows that events must amount to. */
export function wantedAmount(rows: ReadonlyMap<string, Row>): string[] {
  return [...rows].flatMap(([key, row]) => {
    try {
      return [`${key} is ${comparedRowText(row)}`];
    } catch {
      // It is told to nobody.
      return [];
    }
  });
}
