import { useEffect, useState } from "preact/hooks";
import { ask, sentenceOf } from "../api/ask.ts";
import type { Contributors, Explanation } from "../api/contract.ts";
import { Notice } from "../parts/notice.tsx";
import { type PlainColumn, PlainTable } from "../parts/plain_table.tsx";
import { Badge } from "../parts/badge.tsx";
import { grouped, moment, shown } from "../parts/text.ts";

const COLUMNS_MAX = 40;

type Contributor = Contributors["rows"][number];

/** What the events of all pages make. */
const PROOFS = {
  equal: { tone: "good", words: "they make up the total that is there" },
  differs: { tone: "bad", words: "they DO NOT make up the total that is there" },
  "not compared": { tone: "quiet", words: "not compared with the total" },
} as const;

const EVENT_COLUMNS: readonly PlainColumn<Contributor>[] = [
  { title: "partition", kind: "number", cell: ({ partition }) => partition },
  { title: "offset", kind: "number", cell: ({ event }) => event === undefined ? "" : grouped(event.offset) },
  {
    title: "time",
    cell: ({ event }) =>
      event === undefined ? "" : `${moment(event.timeUs / 1_000)}${event.isMaybeLate ? ", maybe too late" : ""}`,
  },
];

/** The rows or events that make up a total, page by page. */
export function ContributorTable({ path, first }: { readonly path: string; readonly first: Contributors }) {
  const [pages, setPages] = useState<readonly Contributors[]>([]);
  const [problem, setProblem] = useState<string | null>(null);
  // Pages behind another first page may repeat its rows, or miss some.
  useEffect(() => {
    setPages([]);
    setProblem(null);
  }, [first]);
  const rows = [first, ...pages].flatMap((page) => page.rows);
  const { next } = pages.at(-1) ?? first;
  const { total, proof } = first;
  const areEvents = proof !== undefined;
  const title = areEvents ? "Events that make up this total" : "Rows that make up this total";
  const columnsOf = (part: "key" | "adds") =>
    [...new Set(rows.flatMap((row) => Object.keys(row[part])))].slice(0, COLUMNS_MAX);
  const [keys, adds] = [columnsOf("key"), columnsOf("adds")];
  const more = async () => {
    try {
      const { contributors } = await ask<Explanation>(
        `${path}${path.includes("?") ? "&" : "?"}after=${encodeURIComponent(next!)}`,
      );
      if (contributors !== undefined) setPages([...pages, contributors]);
      setProblem(null);
    } catch (error) {
      setProblem(sentenceOf(error));
    }
  };
  return (
    <section class="card">
      <h2>{title}</h2>
      {areEvents && <Badge tone={PROOFS[proof].tone}>{PROOFS[proof].words}</Badge>}
      <PlainTable
        label={title}
        rows={rows}
        keyOf={(_row, index) => index}
        columns={[
          { title: areEvents ? "stream" : "table", cell: ({ table }) => shown(table, 60) },
          ...areEvents ? EVENT_COLUMNS : [],
          ...keys.map((column): PlainColumn<Contributor> => ({
            title: shown(column, 40),
            cell: ({ key }) => shown(key[column], 120),
          })),
          ...adds.map((column): PlainColumn<Contributor> => ({
            title: `adds to ${shown(column, 40)}`,
            kind: "number",
            cell: (row) => shown(row.adds[column], 120),
          })),
        ]}
      />
      {problem !== null && <Notice kind="warn">{problem}</Notice>}
      <p class="more">
        <span class="muted">{grouped(rows.length)} of {total === null ? "some" : grouped(total)}</span>
        {next !== null && <button type="button" class="link" onClick={more}>more</button>}
      </p>
    </section>
  );
}
