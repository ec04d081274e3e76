import type { QueryResult } from "../../console/api/contract.ts";

/** Markup, ends of strings, characters that turn the direction of writing, and that nobody sees. */
export const HOSTILE = [
  '<img src=x onerror="globalThis.hacked=1"><script>globalThis.hacked=1</script>',
  "javascript:globalThis.hacked=1",
  '"},"x":"\u0000\u0007\u001b[31m',
  "abc\u202egpj.exe\u2066",
  '=HYPERLINK("http://example.invalid")',
] as const;

const LONG = "x".repeat(5 * 1024 * 1024);

/** Answers a few questions; `null` refuses, as ClickHouse does. */
export function answerOf(sql: string): QueryResult | null {
  const result = (columns: QueryResult["columns"], rows: QueryResult["rows"]) => ({
    columns,
    rows,
    rowsRead: rows.length * 100,
    elapsedMs: 12.4,
    truncated: false,
  });
  if (/\b(insert|drop|alter|delete)\b/i.test(sql)) return null;
  if (/hostile/.test(sql)) {
    return result(
      [{ name: "<b>name</b>", type: "String" }, { name: "long", type: "String" }],
      [...HOSTILE.map((text) => [text, null]), ["", LONG]],
    );
  }
  if (/wide/.test(sql)) {
    const columns = Array.from({ length: 10_000 }, (_, index) => ({ name: `column_${index}`, type: "Int64" }));
    return result(columns, [columns.map((_, index) => String(index))]);
  }
  const named = SALES.flatMap(({ name }, place) => sql.includes(name) ? [place] : []);
  const places = sql.includes("*") || named.length === 0 ? SALES.map((_, place) => place) : named;
  return result(
    places.map((place) => SALES[place]),
    Array.from({ length: 100 }, (_, index) => places.map((place) => saleOf(index)[place])),
  );
}

/** Refuses what an instance refuses where columns are masked; null: nothing. */
export function maskedRefusal(sql: string, masked: Readonly<Record<string, readonly string[]>>): string | null {
  for (const [table, columns] of Object.entries(masked)) {
    if (!new RegExp(`\\b${table}\\b`).test(sql)) continue;
    const named = columns.find((column) => new RegExp(`\\b${column}\\b`).test(sql));
    if (named !== undefined) return `Cannot read "${named}" of "${table}": it is masked`;
    if (sql.includes("*")) {
      return `Cannot read all columns of "${table}": some are masked, so name those you want`;
    }
  }
  return null;
}

const SALES = [
  { name: "order_item_id", type: "Int64" },
  { name: "placed_at", type: "DateTime64(6)" },
  { name: "status", type: "LowCardinality(String)" },
  { name: "product", type: "String" },
  { name: "seller", type: "String" },
  { name: "buyer_country", type: "LowCardinality(Nullable(String))" },
  { name: "quantity", type: "Int32" },
  { name: "unit_price", type: "Decimal(12, 2)" },
  { name: "amount", type: "Decimal(18, 2)" },
];

const PRODUCTS = ["Enamel Kettle", "Oak Stool", "Linen Apron", "Copper Pan, 24 cm", "Walnut Board", "Wool Throw"];
const SELLERS = ["Nordlicht Haushalt", "Casa Verde", "Holm & Sons", "Atelier Midi"];

function saleOf(index: number): unknown[] {
  const quantity = 1 + index % 4;
  const price = 890 + (index * 731) % 9_000;
  const text = (cents: number) => `${Math.floor(cents / 100)}.${String(cents % 100).padStart(2, "0")}`;
  return [
    String(4_711 + index),
    `2026-03-01 09:${String(59 - index % 60).padStart(2, "0")}:12.000000`,
    ["paid", "placed", "shipped", "delivered"][index % 4],
    PRODUCTS[index % PRODUCTS.length],
    SELLERS[index % SELLERS.length],
    index % 9 === 0 ? null : ["DE", "FR", "SE", "ES", "PT"][index % 5],
    quantity,
    text(price),
    text(price * quantity),
  ];
}
