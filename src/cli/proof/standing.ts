import { type BroughtOut, broughtOutOf, hopsOf, taskShareOf, whenApplied } from "../../runtime/applied.ts";
import type { Runner } from "../../runtime/runner.ts";
import { json, RequestError } from "../api/answer.ts";
import type { Routes } from "../http_server.ts";
import type { ShownRun } from "../start/shown_run.ts";
import { askOthers } from "../instances/ask_others.ts";
import type { Standing } from "./prover.ts";
import type { ToldBrought } from "./proven_streams.ts";
import { type AskedRecords, readRecords, type ToldRecords } from "./told_records.ts";
import { withheldFrom } from "./withheld.ts";
import { readable, tellTopics, type ToldTopic } from "./told_topics.ts";

/** How long one answer may take. */
const APPLIED_MS = 60_000;
const HOP_MS = 10_000;
/** Where one instance asks another how far it is. */
const APPLIED_PATH = "/api/applied";
/** Where one instance asks another how far its streams are. */
const BROUGHT_PATH = "/api/brought";
const BROUGHT_MS = 2_000;

/** What one instance has of a topology. */
interface Applied {
  /** Whether all that the log had at the question shows in ClickHouse, as far as its own tasks go. */
  readonly applied: boolean;
  /** How many tasks these are. */
  readonly tasks: number;
  /** Its own part of {@link Standing.excuse}. */
  readonly excuse: string | null;
}

/** What one instance says of its topologies to the process that proves them. */
export class Standings {
  readonly #runs: readonly ShownRun[];
  readonly #password: string | null;
  /** What others said last that they are not up to date with, by topology. */
  readonly #excuses = new Map<string, string | null>();

  constructor(runs: readonly ShownRun[], { password }: { readonly password: string | null }) {
    this.#runs = runs;
    this.#password = password;
  }

  /** Whether it can be compared now by this instance, which another one may do. */
  of(topology: string): Standing {
    const standing = this.whoever(topology);
    if (standing.paused !== null || taskShareOf(this.#runnerOf(topology)!.instance!).leads) return standing;
    const paused = "another instance compares it: the one that has its first task";
    return { paused, elsewhere: true, excuse: null };
  }

  /** Whether it can be compared now, whoever does so. */
  whoever(topology: string): Standing {
    const run = this.#runs.find(({ name }) => name === topology);
    const runner = run?.runner;
    const isRunning = run?.state === "running" || run?.state === "degraded";
    const instance = runner?.instance ?? null;
    if (!isRunning || !runner?.ready || instance === null) {
      return {
        paused: `${topology} is ${run?.state ?? "not there"}: not all of its tasks run`,
        elsewhere: false,
        excuse: null,
      };
    }
    return { paused: null, elsewhere: false, excuse: excuseOf(runner) ?? this.#excuses.get(topology) ?? null };
  }

  /** Resolves when all that the log has now shows in ClickHouse, whoever applies it; to false if nobody can say. */
  async applied(topology: string): Promise<boolean> {
    const runner = this.#runnerOf(topology);
    const instance = runner?.instance;
    if (!runner || !instance) return false;
    const deadlineMs = Date.now() + APPLIED_MS;
    const share = taskShareOf(instance);
    if (share.own === share.all) {
      this.#excuses.delete(topology);
      return await whenApplied(instance, { ready: () => runner.ready, deadlineMs });
    }
    for (let hop = 0; hop < hopsOf(instance); hop++) {
      const [own, others] = await Promise.all([oneHop(runner), this.#askOthers(runner, topology)]);
      const answers = [own, ...others];
      this.#excuses.set(topology, answers.find((answer) => answer?.excuse)?.excuse ?? null);
      const reached = answers.reduce((sum, answer) => sum + (answer?.applied ? answer.tasks : 0), 0);
      if (reached !== share.all || Date.now() > deadlineMs) return false;
    }
    return true;
  }

  /** How far all partitions that the topology's streams read are brought out, as far as an instance tells it. */
  async brought(topology: string): Promise<readonly ToldBrought[]> {
    const runner = this.#runnerOf(topology);
    if (!runner?.instance) return [];
    const { plan, streams } = runner.instance.topics;
    const told = await askOthers<readonly BroughtOut[]>(runner.others(), {
      path: `${BROUGHT_PATH}/${encodeURIComponent(topology)}`,
      password: this.#password,
      answerMs: BROUGHT_MS,
      read: (text) => JSON.parse(text) as readonly BroughtOut[],
    });
    const known = [...broughtOutOf(runner.instance), ...told.flatMap((one) => "answer" in one ? one.answer : [])];
    // Instances of an earlier version tell nothing of it.
    const short = [...new Set(known.flatMap((one) => one.short ?? []))];
    return plan.streams.flatMap(({ source: { topic } }) =>
      Array.from({ length: streams.get(topic)!.partitions }, (_, partition): ToldBrought => {
        const own = known.filter((one) => one.topic === topic && one.partition === partition);
        // Who has just lost a partition may still tell of it: the lesser word is true of both.
        return { topic, partition, to: own.length === 0 ? null : Math.min(...own.map(({ to }) => to)), short };
      })
    );
  }

  /**
   * The topics of which its streams and stages are made.
   * @throws ProductionError when the log does not answer. @throws RequestError if the topology does not run here
   */
  async topics(topology: string): Promise<readonly ToldTopic[]> {
    const instance = this.#runnerOf(topology)?.instance;
    if (!instance) throw new RequestError(404, `No topology "${topology}" runs here`);
    return await tellTopics(instance.ports.log, instance.topics.plan);
  }

  /** As {@link withheldFrom} of a topology that runs here. */
  withheld(topology: string, { shows }: { readonly shows: boolean }): string | null {
    const instance = this.#runnerOf(topology)?.instance;
    return instance ? withheldFrom(instance.topology, { shows }) : null;
  }

  /**
   * Records of a topic that the topology's streams read, or of a stage's changelog. Null if there is no such topic.
   * @throws ProductionError when the log does not answer. @throws RequestError if it does not read the topic
   */
  async records(topology: string, asked: AskedRecords): Promise<ToldRecords | null> {
    const instance = this.#runnerOf(topology)?.instance;
    if (!instance || !readable(instance.topics.plan).has(asked.topic)) {
      throw new RequestError(404, `No topology "${topology}" that reads topic "${asked.topic}" runs here`);
    }
    return await readRecords(instance.ports.log, asked);
  }

  #runnerOf(topology: string): Runner | null {
    return this.#runs.find(({ name }) => name === topology)?.runner ?? null;
  }

  /** Null of those who do not say how far they are. */
  async #askOthers(runner: Runner, topology: string): Promise<(Applied | null)[]> {
    const told = await askOthers<Applied>(runner.others(), {
      path: `${APPLIED_PATH}/${encodeURIComponent(topology)}`,
      password: this.#password,
      answerMs: HOP_MS + 2_000,
      read: (text) => JSON.parse(text) as Applied,
    });
    return told.map((one) => "answer" in one ? one.answer : null);
  }

  /** `GET /api/applied/<topology>`: how far this instance is, as instances ask each other. */
  routes(): Routes {
    return {
      [`GET ${APPLIED_PATH}/*`]: async (request) => {
        const topology = decodeURIComponent(new URL(request.url).pathname.slice(APPLIED_PATH.length + 1));
        const runner = this.#runnerOf(topology);
        if (!runner) throw new RequestError(404, `No topology "${topology}" runs here`);
        return json(await oneHop(runner));
      },
      [`GET ${BROUGHT_PATH}/*`]: (request) => {
        const topology = decodeURIComponent(new URL(request.url).pathname.slice(BROUGHT_PATH.length + 1));
        const instance = this.#runnerOf(topology)?.instance;
        return json(instance ? broughtOutOf(instance) : []);
      },
    };
  }
}

async function oneHop(runner: Runner): Promise<Applied> {
  const { instance } = runner;
  if (instance === null) return { applied: false, tasks: 0, excuse: null };
  const options = { ready: () => runner.ready, deadlineMs: Date.now() + HOP_MS, hops: 1 };
  const applied = await whenApplied(instance, options);
  return { applied, tasks: taskShareOf(instance).own, excuse: excuseOf(runner) };
}

/** What is shown although the source has something newer, for a reason that Weir tells. */
function excuseOf(runner: Runner): string | null {
  const { held, stale } = runner.status();
  const rows = held.reduce((sum, one) => sum + one.rows, 0);
  const keys = stale.reduce((sum, one) => sum + one.keys, 0);
  if (rows + keys === 0) return null;
  return `dead letters: the last change of ${keys} source rows could not be read, and ${rows} rows are held`;
}
