/** One series of an answer. */
interface Series {
  readonly metric: Readonly<Record<string, string>>;
  /** Time and value, one for an instant, several for a range. */
  readonly value?: readonly [number, string];
  readonly values?: readonly (readonly [number, string])[];
}

interface Target {
  readonly labels: { readonly job: string };
  readonly health: "up" | "down" | "unknown";
  readonly lastError: string;
}

interface RuleState {
  readonly name: string;
  readonly type: "alerting" | "recording";
  readonly health: "ok" | "err" | "unknown";
  readonly lastError?: string;
  /** Of an alert. */
  readonly state?: "inactive" | "pending" | "firing";
}

/** Prometheus' own interface. Every function throws Error with Prometheus' words when it refuses. */
export function openPrometheus({ ports }: { readonly ports: { readonly prometheus: number } }) {
  const get = async (path: string, parameters: Record<string, string> = {}) => {
    const url = `http://127.0.0.1:${ports.prometheus}/api/v1/${path}?${new URLSearchParams(parameters)}`;
    const answer = await (await fetch(url, { signal: AbortSignal.timeout(20_000) })).json();
    if (answer.status !== "success") throw new Error(`Prometheus says ${answer.error}`);
    return answer;
  };
  return {
    async targets(): Promise<Target[]> {
      return (await get("targets")).data.activeTargets;
    },
    async rules(): Promise<RuleState[]> {
      return (await get("rules")).data.groups.flatMap(({ rules }: { rules: RuleState[] }) => rules);
    },
    /** An expression at this moment. */
    async query(query: string): Promise<Series[]> {
      return (await get("query", { query })).data.result;
    },
    /** An expression as a graph over the last seconds. */
    async graph(query: string, { seconds, step }: { seconds: number; step: number }): Promise<Series[]> {
      const end = Date.now() / 1000;
      const range = { start: String(end - seconds), end: String(end), step: String(step) };
      return (await get("query_range", { query, ...range })).data.result;
    },
  };
}

export type Prometheus = ReturnType<typeof openPrometheus>;
