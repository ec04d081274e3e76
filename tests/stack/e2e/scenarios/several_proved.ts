import { proofWords } from "../../../../console/state/proof_words.ts";
import type { ContinuousProof } from "../../../../src/cli/proof/proof_report.ts";
import { AskedInstance } from "../asked_instance.ts";
import { areShared } from "../asked_rows.ts";
import { ProveProcess } from "../prove_process.ts";
import type { Stage } from "../stage.ts";
import { until } from "../steps.ts";
import { verifierOf } from "../verifier.ts";
import type { Scenario } from "./scenario.ts";

/** Two, so that tasks of two topologies are shared, which may begin on different instances. */
const TOPOLOGIES = ["sales", "product_performance"];
const STARTED_MS_MAX = 180_000;
const PROVED_MS_MAX = 180_000;

type Verifier = Awaited<ReturnType<typeof verifierOf>>;

/** Instances share the tables, and each table is compared once: by one of them, or by a service beside them. */
export const severalProved: Scenario = {
  title: "the continuous proof of several instances",
  async run(stage) {
    const verifier = await verifierOf(stage);
    await byInstances(stage, verifier);
    await byService(stage, verifier);
  },
};

async function byInstances(stage: Stage, environment: Verifier): Promise<void> {
  const { steps } = stage;
  const start = (port?: number) => AskedInstance.start(stage, { topologies: TOPOLOGIES, environment, port });
  let all = [start(), start(), start()];
  await sharing(stage, all);
  await steps.step("each table is compared by one of three, and all show the same", async (signal) => {
    const text = await equal(all, signal);
    const provers = await proversOf(all);
    const twice = [...provers].filter(([, instances]) => instances.length !== 1);
    if (twice.length > 0) throw new Error(`compared by several, or nobody: ${JSON.stringify(twice)}`);
    return `${text}; ${[...provers].map(([sink, [instance]]) => `${sink} by ${instance}`).join(", ")}`;
  }, { withinMs: PROVED_MS_MAX });
  await changedByHand(stage, all);
  await steps.step("the one that compares is killed: others go on, and nobody calls a row wrong", async (signal) => {
    const [address] = (await proversOf(all)).get("sales/sales")!;
    const victim = all.find((one) => one.address === address)!;
    await victim.weir.kill();
    all = all.filter((one) => one !== victim);
    const killedMs = performance.now();
    await until(async () => {
      const now = (await proversOf(all)).get("sales/sales") ?? [];
      return now.length === 1;
    }, { signal });
    const text = await equal(all, signal);
    return `${text}, ${((performance.now() - killedMs) / 1_000).toFixed(1)} s later`;
  }, { withinMs: STARTED_MS_MAX + PROVED_MS_MAX });
  await steps.step("they end", async (signal) => {
    for (const { weir } of all) await weir.end(signal);
  });
}

async function byService(stage: Stage, environment: Verifier): Promise<void> {
  const { steps } = stage;
  const start = () => AskedInstance.start(stage, { topologies: TOPOLOGIES, environment: { WEIR_PROOF: "service" } });
  const all = [start(), start()];
  await sharing(stage, all);
  await steps.step("without the service they say that it has told nothing", async () => {
    for (const one of all) {
      const { state, reason } = await proofOf(one);
      if (state !== "starting" || !reason!.includes("deno task prove")) throw new Error(`${state}: ${reason}`);
    }
  });
  const urls = all.map(({ address }) => `http://${address}`);
  let service = new ProveProcess(stage, { urls, environment });
  try {
    await steps.step("a service with the rights of the Compose stack compares all tables", async (signal) => {
      return await equal(all, signal, () => service.printed);
    }, { withinMs: PROVED_MS_MAX });
    await changedByHand(stage, all);
    await steps.step("the service is killed: after a while they say so; another one goes on", async (signal) => {
      await service.end("SIGKILL");
      await until(async () => (await proofOf(all[1])).state === "failed", { signal });
      service = new ProveProcess(stage, { urls, environment });
      return await equal(all, signal, () => service.printed);
    }, { withinMs: PROVED_MS_MAX });
    await steps.step("the instance that it tells is killed: it tells the other one", async (signal) => {
      const [first, second] = all;
      await first.weir.kill();
      const killed = new Date().toISOString();
      await until(async () => ((await proofOf(second)).told ?? "") > killed, { signal });
      return await equal([second], signal, () => service.printed);
    }, { withinMs: STARTED_MS_MAX + PROVED_MS_MAX });
  } finally {
    await service.end("SIGTERM");
  }
  await stage.verify("with the proof as a service", TOPOLOGIES);
  await steps.step("Weir ends", (signal) => all[1].weir.end(signal));
}

async function sharing({ steps }: Stage, all: readonly AskedInstance[]): Promise<void> {
  await steps.step(`${all.length} processes share the tasks`, async (signal) => {
    await until(() => areShared(all), { signal });
  }, { withinMs: STARTED_MS_MAX });
}

/** Somebody changes a row behind Weir's back, and takes it back. */
async function changedByHand(stage: Stage, all: readonly AskedInstance[]): Promise<void> {
  const [{ id }] = await stage.query("SELECT max(order_item_id) AS id FROM sales WHERE status != 'cancelled'");
  const add = (amount: number) =>
    stage.command(
      `ALTER TABLE sales_rows UPDATE amount = amount + ${amount} WHERE order_item_id = ${id} ` +
        "SETTINGS mutations_sync = 2",
    );
  await stage.steps.step(
    "a row changed by hand is red on all of them, and green when it is right again",
    async (signal) => {
      const startedMs = performance.now();
      await add(1);
      const wanted = `1 row of sales differs: key ${id}`;
      let seen = "";
      for (const one of all) {
        await until(async () => (seen = proofWords(await proofOf(one), null).text) === wanted, {
          ...{ signal, everyMs: 250 },
          lastWords: () => `${one.address} says "${seen}"`,
        });
      }
      const redMs = performance.now() - startedMs;
      await add(-1);
      await until(async () => {
        for (const one of all) if (proofWords(await proofOf(one), null).tone !== "good") return false;
        return true;
      }, { signal });
      return `red on all after ${(redMs / 1_000).toFixed(1)} s`;
    },
    { withinMs: PROVED_MS_MAX },
  );
}

/** All of them show the same tables as compared and equal; nothing else may ever be called a fault. */
async function equal(
  all: readonly AskedInstance[],
  signal: AbortSignal,
  printed: () => string = () => "",
): Promise<string> {
  let last: ContinuousProof[] = [];
  return await until(async () => {
    last = await Promise.all(all.flatMap((one) => [proofOf(one), one.state().then(({ status }) => status.continuous)]));
    const words = last.map((proof) => proofWords(proof, null));
    if (words.some(({ tone }) => tone === "bad")) throw new Error(JSON.stringify(last));
    const tables = new Set(last.map(({ sinks }) => sinks.map(({ sink, rows }) => `${sink} ${rows}`).join()));
    return words.every(({ tone }) => tone === "good") && tables.size === 1 && words[0].text;
  }, { signal, everyMs: 250, lastWords: () => `${JSON.stringify(last).slice(0, 4_000)}\n${printed().slice(-2_000)}` });
}

/** What all instances have compared, as one of them tells it: to programs, or to the page. */
async function proofOf(one: AskedInstance): Promise<ContinuousProof> {
  return (await one.ask("/api/verify")).json.continuous;
}

function namesOf({ sinks }: ContinuousProof): string[] {
  return sinks.map(({ topology, sink }) => `${topology}/${sink}`);
}

/** By table: the addresses of those that compare it themselves. */
async function proversOf(all: readonly AskedInstance[]): Promise<Map<string, string[]>> {
  const provers = new Map<string, string[]>();
  for (const one of all) {
    const { continuous } = (await one.ask("/api/verify?local=true")).json;
    for (const name of namesOf(continuous)) provers.getOrInsertComputed(name, () => []).push(one.address);
  }
  return provers;
}
