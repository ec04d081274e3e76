import { useEffect, useState } from "preact/hooks";
import { ask, sentenceOf } from "../api/ask.ts";
import type { Contributors, Explanation } from "../api/contract.ts";
import { Notice } from "../parts/notice.tsx";
import { grouped, shown } from "../parts/text.ts";

const COLUMNS_MAX = 40;

/** The rows that make up a total, page by page. */
export function ContributorTable({ path, first }: { readonly path: string; readonly first: Contributors }) {
  const [pages, setPages] = useState<readonly Contributors[]>([]);
  const [problem, setProblem] = useState<string | null>(null);
  // Pages behind another first page may repeat its rows, or miss some.
  useEffect(() => {
    setPages([]);
    setProblem(null);
  }, [first]);
  const rows = [first, ...pages].flatMap((page) => page.rows);
  const { next, total } = pages.at(-1) ?? first;
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
      <h2>Rows that make up this total</h2>
      <div class="scroll" tabIndex={0} role="region" aria-label="Rows that make up this total">
        <table class="plain">
          <thead>
            <tr>
              <th scope="col">table</th>
              {keys.map((column) => <th key={column} scope="col">{shown(column, 40)}</th>)}
              {adds.map((column) => <th key={column} scope="col" class="number">adds to {shown(column, 40)}</th>)}
            </tr>
          </thead>
          <tbody>
            {rows.map((row, index) => (
              <tr key={index}>
                <td>{shown(row.table, 60)}</td>
                {keys.map((column) => <td key={column}>{shown(row.key[column], 120)}</td>)}
                {adds.map((column) => <td key={column} class="number">{shown(row.adds[column], 120)}</td>)}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      {problem !== null && <Notice kind="warn">{problem}</Notice>}
      <p class="more">
        <span class="muted">{grouped(rows.length)} of {grouped(total)}</span>
        {next !== null && <button type="button" class="link" onClick={more}>more</button>}
      </p>
    </section>
  );
}
