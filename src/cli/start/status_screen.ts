import { clockTime, counted, grouped } from "../numbers.ts";
import { oneLine } from "./failure.ts";
import { startSummary } from "./start_report_text.ts";
import { snapshotUnderWay, type Status, type TopologyStatus } from "./status.ts";
import { timeLeftText } from "./time_left.ts";

/** Space on the screen. */
export interface ScreenSize {
  readonly columns: number;
  readonly lines: number;
}

const BAR_CELLS = 24;
const HEADINGS = ["topology", "state", "changes/s", "rows/s", "lag", "dead letters"];

/** The status as lines of plain text: at most `lines` of them, each at most `columns` wide. */
export function renderStatus(status: Status, { columns, lines }: ScreenSize): string[] {
  const head = headLines(status, columns);
  const tail = [...problemLines(status), status.ending ?? "Ctrl-C ends"];
  const table = tableLines(status.topologies);
  const starts = status.topologies.flatMap(startLine);
  // The table stays whole as long as possible; what the starts did goes first, then problems are cut.
  const room = lines - head.length - 1;
  const kept = shortened(table, Math.max(2, room - Math.min(tail.length, 3)));
  const keptTail = shortenedTail(tail, Math.max(1, room - kept.length));
  const left = lines - head.length - kept.length - keptTail.length - 1;
  const keptStarts = left >= starts.length + 1 ? ["", ...starts] : [];
  const all = [...head, "", ...kept, ...keptStarts, ...keptTail];
  return all.slice(0, Math.max(1, lines)).map((line) => line.slice(0, Math.max(1, columns - 1)));
}

function headLines(status: Status, columns: number): string[] {
  const { mode, uptimeMs, addresses, demo, proof } = status;
  const title = `Weir, ${mode === "embedded" ? `embedded, data in ${status.data}` : "on Kafka and ClickHouse"}`;
  const lines = [title.padEnd(Math.min(columns, 100) - 9) + clockTime(uptimeMs)];
  lines.push(Object.entries(addresses).map(([name, url]) => `${name} ${url}`).join("  "));
  if (demo !== null) {
    const pace = demo.paused ? "paused" : `${grouped(demo.ratePerSecond)} changes/s`;
    lines.push(`demo store ${pace}, ${grouped(demo.changesWritten)} changes written, seed ${demo.seed}`);
    const snapshot = snapshotUnderWay(status);
    if (snapshot !== null) lines.push(`snapshot ${progressBar(snapshot.rows, snapshot.rowsTotal)}`);
  }
  if (proof !== null) {
    const verdict = proof.equal ? "equal" : "DIFFERENT";
    lines.push(
      `last verify ${proof.time.slice(0, 19).replace("T", " ")} UTC: ${verdict}, ${counted(proof.rows, "row")} of ${
        counted(proof.sinks, "sink")
      }`,
    );
  }
  return lines;
}

/** `[######......] 50 %  1,000 of 2,000 rows` */
export function progressBar(done: number, total: number): string {
  const share = total === 0 ? 1 : Math.min(1, done / total);
  const cells = Math.floor(share * BAR_CELLS);
  const bar = "#".repeat(cells) + ".".repeat(BAR_CELLS - cells);
  return `[${bar}] ${Math.floor(share * 100)} %  ${grouped(done)} of ${grouped(total)} rows`;
}

function tableLines(topologies: readonly TopologyStatus[]): string[] {
  const rows = topologies.map((topology) => [
    topology.name,
    stateText(topology),
    grouped(topology.changesPerSecond),
    grouped(topology.rowsPerSecond),
    grouped(topology.lag),
    grouped(topology.deadLetters),
  ]);
  const widths = HEADINGS.map((heading, index) => Math.max(heading.length, ...rows.map((row) => row[index].length)));
  return [HEADINGS, ...rows].map((row) =>
    row.map((cell, index) => index < 2 ? cell.padEnd(widths[index]) : cell.padStart(widths[index])).join("  ").trimEnd()
  );
}

function stateText({ state, tasks, tasksRunning, standbys, secondsLeft }: TopologyStatus): string {
  const kept = standbys === 0 ? "" : `, ${counted(standbys, "standby")}`;
  if ((state === "running" || state === "degraded") && tasksRunning === tasks) {
    return `${state} (${tasks} tasks${kept})`;
  }
  if (state !== "starting" && state !== "running") return state;
  const left = secondsLeft === null ? "" : `, ${timeLeftText(secondsLeft)}`;
  return `starting (${tasksRunning} of ${tasks} tasks${left})`;
}

function startLine({ name, started }: TopologyStatus): string[] {
  return started === null ? [] : [`${name} ${startSummary(started)}`];
}

function problemLines(status: Status): string[] {
  return status.topologies.flatMap(({ name, problems }) => problems.map((problem) => `! ${name}: ${oneLine(problem)}`));
}

function shortened(lines: readonly string[], most: number): readonly string[] {
  if (lines.length <= most) return lines;
  return [...lines.slice(0, most - 1), `... and ${lines.length - most + 1} more`];
}

/** Keeps the last line. */
function shortenedTail(lines: readonly string[], most: number): readonly string[] {
  return lines.length <= most ? lines : [...lines.slice(0, most - 1), lines[lines.length - 1]];
}
