import type { Answer, AskedInstance } from "./asked_instance.ts";

/** Rows of each of the two tables whose tasks are shared: about two of each task. */
const KEYS = 12;
/** What is told of a row that is there, while its task moves. */
const TRUE_OUTCOMES = ["shown", "present", "undecided", "waiting"];

/** The outcome of a row that is there, or a refusal that says to try again. @throws Error for anything else */
export function judged({ status, json }: Answer): string {
  if (status === 503 && typeof json?.error === "string") return "503";
  if (status === 200 && TRUE_OUTCOMES.includes(json.outcome)) return json.outcome;
  throw new Error(`a row that is there is told as ${status} ${JSON.stringify(json).slice(0, 1_000)}`);
}

export function isThere(
  { outcome, shown }: { readonly outcome: string; readonly shown: { digestsEqual: boolean } },
): boolean {
  return outcome === "present" || (outcome === "shown" && shown.digestsEqual);
}

/** Rows that are asked for: of the sink `sales`, and of the table `orders`, whose tasks may be elsewhere. */
export async function rowsOf(instance: AskedInstance): Promise<string[]> {
  const sql = `SELECT order_item_id, order_id FROM sales ORDER BY order_item_id LIMIT 1 BY order_id LIMIT ${KEYS}`;
  const { json: { rows } } = await instance.ask("/api/query", { sql });
  return rows.flatMap(([item, order]: [string, string]) => [`sales/${item}`, `orders/${order}`]);
}

export function pathOf(row: string): string {
  return `/api/explain/sales/${row}`;
}

/** Rows by the address of the instance whose task has them. */
export async function ownersOf(instance: AskedInstance, rows: readonly string[]): Promise<Map<string, string[]>> {
  const tasks = await tasksOf(instance);
  const owners = new Map<string, string[]>();
  for (const row of rows) {
    const { json } = await instance.ask(pathOf(row));
    const owner = tasks.find(({ id }) => id === json.task)?.instance ?? "nobody";
    owners.getOrInsertComputed(owner, () => []).push(row);
  }
  return owners;
}

export async function tasksOf(
  instance: AskedInstance,
): Promise<readonly { readonly id: string; readonly instance: string }[]> {
  const { topologies } = await instance.state();
  return topologies.find(({ name }: { name: string }) => name === "sales").tasks;
}

export async function sinkOf(instance: AskedInstance): Promise<string> {
  const { json: { topologies } } = await instance.ask("/api/plan");
  const { nodes } = topologies.find(({ name }: { name: string }) => name === "sales");
  return nodes.find(({ kind, label }: { kind: string; label: string }) => kind === "sink" && label === "sales").id;
}

/** Asks for rows that are there until `end` resolves; each answer must be so. */
export async function askedAllTheTime(asked: readonly AskedInstance[], end: () => Promise<unknown>): Promise<string> {
  const rows = await rowsOf(asked[0]);
  const met = new Map<string, number>();
  const ending = new AbortController();
  const asking = asked.map(async (one) => {
    for (let turn = 0; !ending.signal.aborted; turn++) {
      const row = rows[turn % rows.length];
      const what = judged(await one.ask(pathOf(row)));
      met.set(what, (met.get(what) ?? 0) + 1);
      const { json: { error, instances } } = await one.ask("/api/state?once=true");
      if (error !== undefined) throw new Error(`the state is not told: ${error}`);
      if (instances[0].problem !== null) throw new Error("it does not answer itself");
      const [table, key] = row.split("/");
      const { status, json } = await one.ask(`/store/sales/${table === "orders" ? table : "order_items"}?key=${key}`);
      if (json?.answer === "none" || ![200, 421, 503].includes(status)) {
        throw new Error(`a row that is there is told as ${status} ${JSON.stringify(json)}`);
      }
    }
  });
  try {
    await Promise.race([end(), Promise.all(asking)]);
  } finally {
    ending.abort();
  }
  await Promise.all(asking);
  return [...met].map(([what, times]) => `${times} ${what}`).join(", ");
}

/** A text from shortly before where it differs. */
export function differing(text: string, other: string): string {
  const at = [...text].findIndex((letter, index) => letter !== other[index]);
  return text.slice(Math.max(0, at - 300), at + 300);
}

/** Whether all of them run all of their tasks, and each says so of each. */
export async function areShared(all: readonly AskedInstance[]): Promise<boolean> {
  // Not by /readyz, which tells of a task that was started again for minutes.
  if (all.some(({ weir }) => weir.address === null)) return false;
  const states = await Promise.all(all.map((one) => one.state()));
  return states.every(({ instances, topologies }) =>
    instances.length === all.length && instances.every(isWell) &&
    topologies.every((topology: { tasks: readonly { id: string; state: string }[] }) =>
      new Set(topology.tasks.map(({ id }) => id)).size === topology.tasks.length &&
      topology.tasks.every(({ state }) => state === "running")
    )
  );
}

function isWell({ problem, tasks }: { readonly problem: string | null; readonly tasks: number }): boolean {
  return problem === null && tasks > 0;
}
