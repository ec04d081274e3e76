/** Words of PromQL that look like names of metrics. */
const WORDS = new Set([
  "by",
  "without",
  "on",
  "ignoring",
  "group_left",
  "group_right",
  "and",
  "or",
  "unless",
  "bool",
  "offset",
  "inf",
  "nan",
]);

/** Names of the metrics that a PromQL expression asks for: what is no function, label, keyword, number or duration. */
export function metricNames(expression: string): string[] {
  const bare = expression
    .replaceAll(/"(?:[^"\\]|\\.)*"/g, '""')
    .replaceAll(/\{[^}]*\}/g, "")
    .replaceAll(/\[[^\]]*\]/g, "")
    .replaceAll(/\b(by|without|on|ignoring|group_left|group_right)\s*\([^)]*\)/g, "");
  const names = [...bare.matchAll(/[a-zA-Z_:][a-zA-Z0-9_:]*(?!\s*\(|[a-zA-Z0-9_:])/g)].filter((match) =>
    // The exponent of a number.
    !/[0-9.]/.test(bare[match.index - 1] ?? "")
  );
  return [...new Set(names.map(([name]) => name).filter((name) => !WORDS.has(name.toLowerCase())))];
}
