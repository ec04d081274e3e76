import { plain } from "../plain_text.ts";
import type { Finding, Repair, Verdict } from "./finding.ts";

const PROMPTS: Readonly<Record<Repair["where"], string>> = {
  shell: "$",
  postgres: "psql>",
  mysql: "mysql>",
  clickhouse: "clickhouse>",
};
const VERDICTS: readonly Verdict[] = ["wrong", "warning", "not checked", "ok"];

/** All findings in their order, and how many there are of each verdict. */
export function doctorLines(findings: readonly Finding[], { all }: { readonly all: boolean }): string[] {
  const width = Math.max(...VERDICTS.map((verdict) => verdict.length));
  const lines = findings.filter(({ verdict }) => all || verdict !== "ok").flatMap((finding) => {
    const { check, subject, verdict, text, repair } = finding;
    const said = `${verdict.padEnd(width)}  ${check}  ${subject}${text === "" ? "" : `: ${text}`}`;
    const indent = " ".repeat(width + 2);
    return [plain(said), ...repair === undefined ? [] : [`${indent}${PROMPTS[repair.where]} ${repair.statement}`]];
  });
  return [...lines, countsText(findings)];
}

function countsText(findings: readonly Finding[]): string {
  return VERDICTS.map((verdict) => `${findings.filter((found) => found.verdict === verdict).length} ${verdict}`)
    .join(", ");
}
