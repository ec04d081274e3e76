/** How something stands. `wrong`: it fails, or loses or changes rows; `warning`: it will, one day. */
export type Verdict = "ok" | "warning" | "wrong" | "not checked";

/** What repairs it, as it is typed. */
export interface Repair {
  /** Where: a shell, or the SQL prompt of a database. */
  readonly where: "shell" | "postgres" | "mysql" | "clickhouse";
  readonly statement: string;
}

/** The outcome of one check. */
export interface Finding {
  /** `<area>.<check>`, as docs/doctor.md lists them. */
  readonly check: string;
  /** What was looked at: a table, a topic, a setting. */
  readonly subject: string;
  readonly verdict: Verdict;
  readonly text: string;
  readonly repair?: Repair;
}

/** What a check says of something. */
type Said = Omit<Finding, "check" | "subject" | "verdict">;

/** The check within its area, and what was looked at. */
type Place = readonly [check: string, subject: string];

/** What one area has found, in order. */
export class Findings {
  readonly found: Finding[] = [];
  readonly #area: string;

  constructor(area: string) {
    this.#area = area;
  }

  ok(place: Place, text = ""): void {
    this.#add(place, { verdict: "ok", text });
  }

  warn(place: Place, said: Said): void {
    this.#add(place, { verdict: "warning", ...said });
  }

  wrong(place: Place, said: Said): void {
    this.#add(place, { verdict: "wrong", ...said });
  }

  notChecked(place: Place, why: string): void {
    this.#add(place, { verdict: "not checked", text: why });
  }

  #add([check, subject]: Place, outcome: Said & Pick<Finding, "verdict">): void {
    this.found.push({ check: `${this.#area}.${check}`, subject, ...outcome });
  }
}

export function postgres(statement: string): Repair {
  return { where: "postgres", statement };
}

export function mysql(statement: string): Repair {
  return { where: "mysql", statement };
}

export function clickhouse(statement: string): Repair {
  return { where: "clickhouse", statement };
}

export function shell(statement: string): Repair {
  return { where: "shell", statement };
}

/** An error's message, in one line. */
export function reasonOf(error: unknown): string {
  return (error instanceof Error ? error.message : String(error)).trim().replaceAll(/\s*\n\s*/g, " ");
}
