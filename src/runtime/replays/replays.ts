import { createDecoder } from "../../formats/decoder.ts";
import { memberTopic } from "../../plan/member_topic.ts";
import type { DeadLetter } from "../../ports/dead_letters.ts";
import { LimitError, ProductionError, toldOf } from "../../record/errors.ts";
import { parseTaskId } from "../../record/task_id.ts";
import { decoderOf } from "../globals/change_reader.ts";
import type { Instance } from "../lifecycle/instance.ts";
import { evaluateAgain } from "./evaluations.ts";
import { replayEvents } from "./event_replays.ts";
import { failed, refused, type ReplayRequest, type ReplayResult } from "./replay.ts";
import { replayRecords, type TableReading } from "./table_replays.ts";

const OF_STAGE =
  "What this operator keeps of the event's key is as it is without it, and other results of the event have " +
  "counted: correct the topology, and have what is missing computed anew under a new name";
const EVENT_REPLAYED = "the event was replayed";

/** Dead letters of one topology, replayed by an instance that runs it; one call after the other. */
export class Replays {
  readonly #instance: Instance;
  #turn: Promise<unknown> = Promise.resolve();

  constructor(instance: Instance) {
    this.#instance = instance;
  }

  /** Replays open letters of this topology. Resolves to what became of each, in their order. Never rejects. */
  replay(requests: readonly ReplayRequest[]): Promise<ReplayResult[]> {
    const replaying = this.#turn.then(() => this.#replayAll(requests));
    this.#turn = replaying.catch(() => {});
    return replaying;
  }

  async #replayAll(requests: readonly ReplayRequest[]): Promise<ReplayResult[]> {
    const results = new Map<ReplayRequest, ReplayResult>();
    const groups = new Map<string, ReplayRequest[]>();
    for (const request of requests) {
      const { stage, task, topic, partition } = request.letter;
      // A row each; records of one partition together, as it is looked through for all of them.
      const own = stage === "decode" || this.#streamOf(request.letter) !== undefined;
      const name = own ? JSON.stringify([stage, task, topic, partition]) : String(groups.size);
      groups.getOrInsertComputed(name, () => []).push(request);
    }
    for (const group of groups.values()) {
      const made = await this.#replayGroup(group);
      group.forEach((request, index) => results.set(request, made[index]));
    }
    return requests.map((request) => results.get(request)!);
  }

  async #replayGroup(requests: readonly ReplayRequest[]): Promise<ReplayResult[]> {
    try {
      const { letter } = requests[0];
      const { topic, partition, stage } = letter;
      const plan = this.#streamOf(letter);
      if (plan !== undefined && partition !== null) {
        const results = await replayEvents(this.#instance, { plan, partition, requests });
        return this.#resolved(requests, results);
      }
      if (this.#isOfStage(letter)) return requests.map(() => refused(OF_STAGE));
      if (stage !== "decode") return await Promise.all(requests.map((one) => evaluateAgain(this.#instance, one)));
      const reading = this.#readingOf(letter);
      if (reading === null || topic === null || partition === null) {
        return requests.map(() => refused(`Topology "${letter.topology}" has no task "${letter.task}" that reads it`));
      }
      return await replayRecords(this.#instance, { reading, topic, partition, requests });
    } catch (error) {
      if (!(error instanceof ProductionError || error instanceof LimitError)) throw error;
      return requests.map(() => failed(error.message, toldOf(error, { quotesRows: false })));
    }
  }

  /** The stream whose task met it; undefined for other letters. */
  #streamOf({ task, topic }: DeadLetter) {
    if (task === null || topic === null) return undefined;
    const { table } = parseTaskId(task);
    return this.#instance.topics.plan.streams.find(({ name, source }) => name === table && source.topic === topic);
  }

  #isOfStage({ task }: DeadLetter): boolean {
    const { stages } = this.#instance.topics.plan;
    return task !== null && stages.some(({ name }) => name === parseTaskId(task).table);
  }

  /** How the table of a letter's task reads its topic; null if nothing of the topology reads it. */
  #readingOf({ task, topic }: DeadLetter): TableReading | null {
    const { plan } = this.#instance.topics;
    const global = plan.globals.find(({ name, source }) => task === `global ${name}` && source.topic === topic);
    if (global !== undefined) {
      const columns = Object.keys(global.source.row.shape);
      return { table: global.name, decoder: decoderOf(global, () => {}), columns };
    }
    const table = task === null ? undefined : plan.tables.find(({ name }) => name === parseTaskId(task).table);
    const member = table?.members.find((one) => one.kind === "source" && memberTopic(one) === topic);
    if (member?.kind !== "source") return null;
    const { source: { key, row, format } } = member;
    const decoder = createDecoder({ source: member.name, key, row, format });
    return { table: member.name, decoder, columns: Object.keys(row.shape) };
  }

  /** No later event says that a letter of an event no longer applies: a replay does. */
  async #resolved(requests: readonly ReplayRequest[], results: ReplayResult[]): Promise<ReplayResult[]> {
    const { letters } = this.#instance.context;
    requests.forEach(({ letter }, index) => {
      const { task, epoch, stage, operator, subject } = letter;
      if (results[index].outcome !== "replayed" || task === null || subject === null) return;
      letters.resolve({ kind: "subject", task, epoch, stage, operator, subject, why: EVENT_REPLAYED });
    });
    await letters.flush();
    return results;
  }
}
