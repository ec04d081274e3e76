import { useEffect, useState } from "preact/hooks";
import type { TappedRow, TapProblem } from "../api/contract.ts";
import { listen } from "../api/event_stream.ts";
import type { AskProblem } from "../api/problem.ts";
import { Notice } from "./notice.tsx";
import { clock, shown } from "./text.ts";

/** Rows that are kept on the page. */
const ROWS_MAX = 40;

/** A row that has passed, and where: what is heard of several nodes may stand in one list. */
interface Passed extends TappedRow {
  readonly number: number;
}

/**
 * A sample of the rows that pass a node, the newest first, for as long as it is on the page. Nothing is asked for while
 * nobody looks: neither before nor afterwards, nor while the tab is hidden or the list stands still.
 */
export function TapView({ topology, node, name, linkOf }: {
  readonly topology: string;
  readonly node: string;
  readonly name: string;
  /** Where a row leads; null: nowhere. */
  readonly linkOf?: (row: TappedRow) => string | null;
}) {
  const [rows, setRows] = useState<readonly Passed[]>([]);
  const [problem, setProblem] = useState<AskProblem | null>(null);
  const [missing, setMissing] = useState<readonly TapProblem[]>([]);
  const [still, setStill] = useState(false);
  const hidden = useHidden();
  useEffect(() => {
    if (still || hidden) return;
    const ending = new AbortController();
    let number = 0;
    const path = `/api/tap/${encodeURIComponent(topology)}/${encodeURIComponent(node)}`;
    listen({ path, name: "row", signal: ending.signal }, {
      beats: true,
      onProblem(problem) {
        setProblem(problem);
        // The next stream tells anew of whom nothing is seen.
        setMissing([]);
      },
      onPart: (data) => setMissing((before) => toldOf(before, data as TapProblem)),
      onData: (data) => {
        const passed = { ...data as TappedRow, number: number++ };
        setRows((before) => [passed, ...before].slice(0, ROWS_MAX));
      },
    });
    return () => ending.abort();
  }, [topology, node, still, hidden]);
  return (
    <section class="tap" aria-label={`Rows passing ${name}`}>
      <div class="tap-head">
        <span class="muted">
          {still ? "Stands still" : "A sample, at most 20 rows a second"}
        </span>
        <button
          type="button"
          class="link"
          aria-pressed={still}
          onClick={() => setStill(!still)}
        >
          {still ? "Go on" : "Hold"}
        </button>
      </div>
      {problem !== null && <Notice kind="warn">{problem.message}</Notice>}
      <Unseen missing={missing} />
      {rows.length === 0 && problem === null && <p class="muted">No row has passed yet.</p>}
      <ol class="passed">
        {rows.map((row) => <PassedRow key={`${row.at} ${row.number}`} row={row} link={linkOf?.(row) ?? null} />)}
      </ol>
    </section>
  );
}

/** Instances of which nothing is seen, behind what one of them has told. */
function toldOf(before: readonly TapProblem[], told: TapProblem): readonly TapProblem[] {
  const others = before.filter(({ instance }) => instance !== told.instance);
  return told.problem === null ? others : [...others, told];
}

function Unseen({ missing }: { readonly missing: readonly TapProblem[] }) {
  return missing.map(({ instance, problem }) => (
    <p key={instance} class="muted">Nothing is seen of {shown(instance, 80)}: {shown(problem, 200)}</p>
  ));
}

function PassedRow({ row: { at, key, row }, link }: { readonly row: Passed; readonly link: string | null }) {
  return (
    <li>
      <time>{clock(at)}</time>
      {link === null ? <code>{shown(key, 60)}</code> : (
        <a href={link}>
          <code>{shown(key, 60)}</code>
        </a>
      )}
      {row === null ? <em>gone</em> : <span>{shown(row, 400)}</span>}
    </li>
  );
}

function useHidden(): boolean {
  const [hidden, setHidden] = useState(document.hidden);
  useEffect(() => {
    const look = () => setHidden(document.hidden);
    document.addEventListener("visibilitychange", look);
    return () => document.removeEventListener("visibilitychange", look);
  }, []);
  return hidden;
}
