import type { Finding } from "./finding.ts";

/** What was found at a database or ClickHouse; the time is null if it cannot be reached. */
export interface ServerReport {
  readonly findings: readonly Finding[];
  readonly time: ServerTime | null;
}

/** The time of a server, and when it was asked: for comparing clocks. */
export interface ServerTime {
  readonly server: string;
  readonly timeMs: number;
  readonly askedMs: number;
  readonly answeredMs: number;
}
