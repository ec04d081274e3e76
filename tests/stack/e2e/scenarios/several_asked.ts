import { stackAddresses } from "../../mod.ts";
import { AskedInstance } from "../asked_instance.ts";
import {
  areShared,
  askedAllTheTime,
  differing,
  isThere,
  judged,
  ownersOf,
  pathOf,
  rowsOf,
  sinkOf,
  tasksOf,
} from "../asked_rows.ts";
import type { Stage } from "../stage.ts";
import { sleep, until } from "../steps.ts";
import { Writer } from "../writer.ts";
import type { Scenario } from "./scenario.ts";

const TOPOLOGIES = ["sales", "product_performance"] as const;
const STARTED_MS_MAX = 180_000;
/** What the state and a tap wait for another instance, and stores and explanations; on a machine that is busy. */
const SOON_MS = 2_000 + 3_000;
const LATER_MS = 10_000 + 5_000;
const ASK_EVERY_MS = 50;
const PER_SECOND = 60;
/** Of the rows that have passed last: those that change are explained slowly. */
const KEYS_LOOKED_UP = 8;

/** Three processes share two topologies; each answers for all of them, whatever becomes of the others. */
export const severalAsked: Scenario = {
  title: "whichever instance is asked answers for all",
  async run(stage) {
    const { steps } = stage;
    const topologies = TOPOLOGIES;
    const [first, other] = [AskedInstance.start(stage, { topologies }), AskedInstance.start(stage, { topologies })];
    await steps.step("asked before they have tasks, they say so", (signal) => askedEarly(first, signal), {
      withinMs: STARTED_MS_MAX,
    });
    let third = AskedInstance.start(stage, { topologies });
    let second = other;
    const all = () => [first, second, third];
    const shared = (what: string) =>
      steps.step(what, (signal) => until(() => areShared(all()), { signal }).then(() => {}), {
        withinMs: STARTED_MS_MAX,
      });
    await shared("three processes share the tasks");
    const sinceMs = Date.now();
    await stage.verify("for the API", TOPOLOGIES);
    await steps.step("each of them knows of the proof", (signal) => proofKnown(all(), { sinceMs, signal }));
    await steps.step("each of them answers the same", () => answersAgree(all()));
    await steps.step("a tap has rows of all instances", (signal) => tapped(stage, { all: all(), signal }), {
      withinMs: STARTED_MS_MAX,
    });
    await steps.step("one behind another password is named", async (signal) => {
      await third.weir.end(signal);
      third = AskedInstance.start(stage, { topologies, port: third.port, password: "another" });
      await until(() => third.weir.isReady(), { signal });
      const says = /^status 401: Only with the password.*WEIR_STORE_PASSWORD/;
      return await named(first, { third, says, signal });
    }, { withinMs: STARTED_MS_MAX });
    await steps.step("asked while tasks move, nobody says what is not so", async (signal) => {
      await third.weir.end(signal);
      third = AskedInstance.start(stage, { topologies, port: third.port });
      return await askedAllTheTime(all().slice(0, 2), () => until(() => areShared(all()), { signal }));
    }, { withinMs: STARTED_MS_MAX });
    await stopped(stage, { first, others: [second, third] });
    await shared("it goes on, and has tasks again");
    [second, third] = await killed(stage, { first, others: [second, third] });
    await shared("a process at its address has tasks again");
    await stage.verify("after all that", TOPOLOGIES);
    await steps.step("Ctrl-C ends them in order", async (signal) => {
      for (const { weir } of all()) await weir.end(signal);
    });
  },
};

/** From the moment at which it listens until it is ready: no answer but one that is so. */
async function askedEarly(instance: AskedInstance, signal: AbortSignal): Promise<string> {
  const { weir } = instance;
  await until(() => weir.address !== null, { signal, everyMs: 5 });
  const met = new Map<string, number>();
  let asked = 0;
  do {
    for (const path of ["/api/plan", "/api/state?once=true", "/api/verify", "/api/dead-letters"]) {
      const { status } = await instance.ask(path);
      if (status !== 200) throw new Error(`${path} answers ${status}`);
    }
    const answer = await instance.ask(pathOf("sales/1"));
    const what = judged(answer);
    met.set(what, (met.get(what) ?? 0) + 1);
    asked++;
    await sleep(ASK_EVERY_MS);
  } while (!await weir.isReady());
  if (met.size < 2) throw new Error(`asked ${asked} times, all of them answered ${[...met.keys()]}`);
  return [...met].map(([what, times]) => `${times} ${what}`).join(", ");
}

/** They look for it now and then; of a run since then, as another one may have left its own. */
async function proofKnown(
  all: readonly AskedInstance[],
  { sinceMs, signal }: { readonly sinceMs: number; readonly signal: AbortSignal },
): Promise<void> {
  const isKnown = async (one: AskedInstance) => {
    const { proof } = (await one.ask("/api/verify")).json;
    return proof?.equal === true && Date.parse(proof.time) >= sinceMs;
  };
  for (const one of all) await until(() => isKnown(one), { signal });
}

/** Questions whose answers are the same, whoever is asked; without what tells who was, and when. */
async function answersAgree(all: readonly AskedInstance[]): Promise<string> {
  const rows = await rowsOf(all[0]);
  const sql = "SELECT count(), sum(amount) FROM sales";
  const asked: Record<string, (one: AskedInstance) => Promise<unknown>> = {
    plan: async (one) => (await one.ask("/api/plan")).json,
    state: async (one) => {
      const { topologies } = await one.state();
      // Counters add up what each instance has passed, which goes on when it is asked.
      return topologies.map(({ name, state, tasks, lag, counters }: Record<string, never>) => ({
        ...{ name, state, lag, tasks },
        rows: Object.entries<{ rows: unknown }>(counters).map(([node, { rows }]) => [node, rows]),
      }));
    },
    query: async (one) => (await one.ask("/api/query", { sql })).json.rows,
    verify: async (one) => (await one.ask("/api/verify")).json,
    letters: async (one) => (await one.ask("/api/dead-letters?state=all")).json,
    rows: async (one) => {
      const told: unknown[] = [];
      for (const row of rows) told.push((await one.ask(pathOf(row))).json);
      return told;
    },
    total: async (one) => {
      const { json: { rows: [[product, day]] } } = await one.ask("/api/query", {
        sql: "SELECT product_id, day FROM product_performance ORDER BY product_id, day LIMIT 1",
      });
      const { json } = await one.ask(`/api/explain/product_performance/product_performance/${product},${day}?limit=5`);
      return json;
    },
    store: async (one) => {
      const { json: { rows, answer, missing } } = await one.ask("/store/sales/orders?limit=50");
      return { rows, answer, missing };
    },
  };
  for (const [what, ask] of Object.entries(asked)) {
    const [one, ...others] = (await Promise.all(all.map(ask))).map((answer) => JSON.stringify(answer));
    const other = others.find((text) => text !== one);
    if (other !== undefined) throw new Error(`${what} differs:\n${differing(one, other)}\n${differing(other, one)}`);
    if (/"unanswered":\[\{/.test(one)) throw new Error(`${what}: somebody has not answered: ${one.slice(0, 2_000)}`);
  }
  const owners = await ownersOf(all[0], rows);
  if (owners.size !== all.length) throw new Error(`rows of ${[...owners.keys()]} alone were asked for`);
  for (const row of rows) {
    const { json } = await all[0].ask(pathOf(row));
    if (!isThere(json)) throw new Error(`${row}: ${json.sentence}`);
  }
  return `${Object.keys(asked).join(", ")}; ${rows.length} rows of ${owners.size} instances`;
}

/** Rows of tasks of all instances pass, whichever is asked. */
async function tapped(
  stage: Stage,
  { all, signal }: { readonly all: readonly AskedInstance[]; readonly signal: AbortSignal },
): Promise<string> {
  const node = await sinkOf(all[0]);
  const tasks = (await tasksOf(all[0])).filter(({ id }) => id.startsWith("order_items-"));
  const having = [...new Set(tasks.map(({ instance }) => instance))];
  const writer = startWriter(stage);
  const ending = new AbortController();
  const keys = all.map(() => new Set<string>());
  const problems: unknown[] = [];
  let seen = "nobody";
  const taps = all.map((one, index) =>
    one.tap(`/api/tap/sales/${node}`, {
      signal: ending.signal,
      onEvent: (event, data) => event === "row" ? keys[index].add(String(data.key)) : problems.push(data),
    }).catch((error) => problems.push(error))
  );
  try {
    for (const [index, one] of all.entries()) {
      await until(async () => {
        const owners = await ownersOf(one, [...keys[index]].slice(-KEYS_LOOKED_UP).map((key) => `sales/${key}`));
        seen = JSON.stringify([...owners]);
        return having.every((address) => owners.has(address));
      }, {
        ...{ signal, everyMs: 500 },
        lastWords: () => `${one.address} has told ${keys[index].size} keys, of ${seen}; ${JSON.stringify(problems)}`,
      });
    }
  } finally {
    ending.abort();
    await Promise.all(taps);
    await writer.stop();
  }
  if (problems.length > 0) throw new Error(`nothing was seen of somebody: ${JSON.stringify(problems)}`);
  return `${keys.map(({ size }) => size).join(", ")} keys, of ${having.length} instances`;
}

function startWriter({ options }: Stage): Writer {
  return new Writer({ postgres: stackAddresses(options).postgres, perSecond: PER_SECOND, seed: options.seed + 21 });
}

/** That the state and a tap name an instance, with the reason, in time. */
async function named(
  asked: AskedInstance,
  { third, says, signal }: { readonly third: AskedInstance; readonly says: RegExp; readonly signal: AbortSignal },
): Promise<string> {
  const told: string[] = [];
  const isNamed = ({ instance, problem }: { readonly instance: string; readonly problem: string | null }) =>
    instance === third.address && problem !== null && says.test(problem);
  const answer = await until(async () => {
    const { json, ms } = await asked.ask("/api/state?once=true");
    if (ms > SOON_MS) throw new Error(`the state took ${Math.round(ms)} ms`);
    return json.instances.some(isNamed) && ms;
  }, { signal });
  told.push(`the state names it within ${Math.round(answer)} ms`);
  const startedMs = performance.now();
  const found = new AbortController();
  await asked.tap(`/api/tap/sales/${await sinkOf(asked)}`, {
    signal: AbortSignal.any([signal, found.signal]),
    onEvent: (event, data) => {
      if (event === "problem" && isNamed(data)) found.abort();
    },
  });
  const ms = performance.now() - startedMs;
  if (!found.signal.aborted || ms > SOON_MS) throw new Error(`a tap took ${Math.round(ms)} ms`);
  return [...told, `a tap within ${Math.round(ms)} ms`].join(", ");
}

interface Three {
  readonly first: AskedInstance;
  readonly others: readonly [AskedInstance, AskedInstance];
}

/** One of the others whose tasks have rows that are asked for, with these, and the one that is left. */
async function victimOf({ first, others }: Three) {
  const owners = await ownersOf(first, await rowsOf(first));
  const victim = others.find(({ address }) => owners.has(address));
  if (victim === undefined) throw new Error("only the one that is asked has rows that are asked for");
  return { victim, own: owners.get(victim.address)!, left: others.find((one) => one !== victim)! };
}

/** One that is stopped is silent: it is named in time, until the others have its tasks; then it goes on. */
async function stopped({ steps }: Stage, three: Three): Promise<void> {
  const { first } = three;
  const { victim, own, left } = await victimOf(three);
  await steps.step("one that stands still is named, and rows are told as they are", async (signal) => {
    Deno.kill(victim.weir.pid, "SIGSTOP");
    const answer = await first.ask(pathOf(own[0]));
    const { json, ms } = answer;
    // After as long the others may have begun to take its tasks.
    const what = judged(answer);
    if (ms > LATER_MS) throw new Error(`after ${Math.round(ms)} ms: ${json.sentence}`);
    const [{ instance, problem }] = json.unanswered;
    if (instance !== victim.address || problem !== "it has not answered within 10 s") throw new Error(problem);
    const moved = askedAllTheTime([first, left], () =>
      until(async () => {
        const { json } = await first.ask(pathOf(own[0]));
        return isThere(json);
      }, { signal, everyMs: 500 }));
    return `${what} after ${Math.round(ms)} ms, then ${await moved}`;
  }, { withinMs: STARTED_MS_MAX });
  Deno.kill(victim.weir.pid, "SIGCONT");
}

/** One is killed while it is asked, and while a tap has its rows; another process begins at its address. */
async function killed(stage: Stage, three: Three): Promise<[AskedInstance, AskedInstance]> {
  const { first } = three;
  const { victim, own, left } = await victimOf(three);
  const { steps } = stage;
  const events: { readonly event: string; readonly problem?: string | null }[] = [];
  const ending = new AbortController();
  const node = await sinkOf(first);
  const tapping = first.tap(`/api/tap/sales/${node}`, {
    signal: ending.signal,
    onEvent: (event, { instance, problem }) => {
      if (event === "problem" && instance === victim.address) events.push({ event, problem });
    },
  });
  await steps.step("one is killed while it is asked, and its rows are told as they are", async (signal) => {
    const told = await askedAllTheTime([first, left], async () => {
      await sleep(500);
      await victim.weir.kill();
      await until(() => events.some(({ problem }) => typeof problem === "string"), { signal });
      await until(async () => {
        for (const row of own) if (!isThere((await first.ask(pathOf(row))).json)) return false;
        return true;
      }, { signal, everyMs: 500 });
    });
    return `${told}; "${events[0].problem}"`;
  }, { withinMs: STARTED_MS_MAX });
  const next = AskedInstance.start(stage, { topologies: TOPOLOGIES, port: victim.port });
  await steps.step("the tap has rows of the one that begins at its address", async (signal) => {
    await until(() => next.weir.isReady(), { signal });
    await until(() => events.at(-1)?.problem === null, { signal });
    ending.abort();
    await tapping;
  }, { withinMs: STARTED_MS_MAX });
  return [left, next];
}
