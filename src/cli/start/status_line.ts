import { counted, grouped } from "../numbers.ts";
import type { Event } from "./output.ts";
import { allTasksRun, isLoading, snapshotUnderWay, type Status, type TopologyStatus } from "./status.ts";
import { isStatusDue, type StatusMoment } from "./status_due.ts";
import { timeLeftText } from "./time_left.ts";

/** Counts at a time, from which rates are made. */
interface Counts {
  readonly uptimeMs: number;
  readonly changes: number;
  readonly rows: number;
}

/** What is another with each line, and so no reason for one. */
interface Pace {
  readonly changesPerSecond: number;
  readonly rowsPerSecond: number;
  readonly secondsLeft: number | null;
}

/** How all topologies together stand, rates left out. */
interface Standing {
  readonly text: string;
  readonly topologies: number;
  readonly running: number;
  readonly lag: number;
  readonly deadLetters: number;
  readonly problems: number;
}

/** How everything stands, as one short line now and then; the details are metrics. */
export class StatusLine {
  #base: Counts | null = null;
  #last: StatusMoment | null = null;

  /**
   * To be called about once a second. Returns the line if one is due. Its rates are means since the line before, or
   * since traffic began.
   */
  look(status: Status): Event | null {
    const standing = standingOf(status);
    const now = countsOf(status);
    const base = this.#base ?? now;
    const moving = now.changes !== base.changes || now.rows !== base.rows;
    if (!moving) this.#base = now;
    const moment: StatusMoment = {
      uptimeMs: status.uptimeMs,
      loading: snapshotUnderWay(status) !== null || status.topologies.some(isLoading),
      moving,
      standing: JSON.stringify(standing),
    };
    if (!isStatusDue(moment, this.#last)) return null;
    this.#last = moment;
    this.#base = now;
    const ms = now.uptimeMs - base.uptimeMs;
    return eventOf(standing, {
      changesPerSecond: perSecond(now.changes - base.changes, ms),
      rowsPerSecond: perSecond(now.rows - base.rows, ms),
      secondsLeft: secondsLeft(status),
    });
  }
}

function eventOf({ text, topologies, running, lag, deadLetters, problems }: Standing, pace: Pace): Event {
  const { secondsLeft, ...rates } = pace;
  const parts = [
    `${rateText(rates.changesPerSecond)} changes/s`,
    `${rateText(rates.rowsPerSecond)} rows/s`,
    `lag ${grouped(lag)}`,
  ];
  if (secondsLeft !== null) parts.push(timeLeftText(secondsLeft));
  if (deadLetters > 0) parts.push(counted(deadLetters, "dead letter"));
  if (problems > 0) parts.push(counted(problems, "problem"));
  return {
    level: "info",
    name: "status",
    text: `${text}: ${parts.join(", ")}`,
    fields: { topologies, running, ...rates, lag, ...secondsLeft !== null && { secondsLeft }, deadLetters, problems },
  };
}

function standingOf(status: Status): Standing {
  const { topologies } = status;
  return {
    text: standingText(status),
    topologies: topologies.length,
    running: topologies.filter(allTasksRun).length,
    lag: sum(topologies, ({ lag }) => lag),
    deadLetters: sum(topologies, ({ deadLetters }) => deadLetters),
    problems: sum(topologies, ({ problems }) => problems.length),
  };
}

/** `running, 84 tasks`, or how far it is from that. */
function standingText(status: Status): string {
  const { topologies, ending } = status;
  const snapshot = snapshotUnderWay(status);
  if (snapshot !== null) {
    const { rows, rowsTotal } = snapshot;
    return `snapshot ${Math.floor(100 * rows / rowsTotal)} %, ${grouped(rows)} of ${grouped(rowsTotal)} rows sent`;
  }
  const running = topologies.filter(allTasksRun).length;
  const all = running === topologies.length;
  const failed = topologies.filter(({ state }) => state === "failed").map(({ name }) => name);
  const others = running + failed.length === topologies.length;
  const waits = topologies.some(({ state }) => state === "waiting");
  const word = ending !== null
    ? "ending"
    : waits
    ? "waiting"
    : !others
    ? "starting"
    : running > 0
    ? "running"
    : "failed";
  const tasks = counted(sum(topologies, (topology) => topology.tasks), "task");
  const degraded = namesText(
    topologies.filter(({ state }) => state === "degraded").map(({ name }) => name),
    "degraded",
  );
  const standbys = sum(topologies, (topology) => topology.standbys);
  if (all) return `${word}, ${tasks}${standbys === 0 ? "" : ` and ${counted(standbys, "standby")}`}${degraded}`;
  const some = `${running} of ${topologies.length} topologies`;
  if (failed.length > 0) return `${word}, ${some} run${namesText(failed, "failed")}${degraded}`;
  // A topology that waits has no tasks, only what is left of them.
  if (waits) return `${word}, ${some} run${degraded}`;
  const tasksRun = grouped(sum(topologies, ({ tasksRunning }) => tasksRunning));
  return `${word}, ${some} and ${tasksRun} of ${tasks} run${degraded}`;
}

/** Empty for no names. A line of the log stays short. */
function namesText(names: readonly string[], what: string): string {
  return names.length === 0 ? "" : `, ${names.length > 2 ? names.length : names.join(" and ")} ${what}`;
}

/** Of the topology that takes longest; null if that is not known of each. */
function secondsLeft({ topologies }: Status): number | null {
  const all = topologies.filter(isLoading).map((topology) => topology.secondsLeft);
  return all.length === 0 || all.includes(null) ? null : Math.max(...all as number[]);
}

function countsOf({ uptimeMs, topologies }: Status): Counts {
  return { uptimeMs, changes: sum(topologies, ({ changes }) => changes), rows: sum(topologies, ({ rows }) => rows) };
}

/** Whole from 10 on; below, with two decimals, so that a change a minute is not none. */
function perSecond(count: number, ms: number): number {
  if (ms <= 0) return 0;
  const rate = count * 1000 / ms;
  return rate >= 10 ? Math.round(rate) : Math.round(rate * 100) / 100;
}

function rateText(rate: number): string {
  return rate >= 10 ? grouped(rate) : String(rate);
}

function sum(topologies: readonly TopologyStatus[], of: (topology: TopologyStatus) => number): number {
  return topologies.reduce((total, topology) => total + of(topology), 0);
}
