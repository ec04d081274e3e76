import type { Clock } from "../../ports/clock.ts";
import type { Log, TopicDescription } from "../../ports/log.ts";
import type { Topology } from "../../dsl/topology.ts";
import { compile } from "../../plan/compile.ts";
import { inboxTopic } from "../../plan/inbox_topic.ts";
import { ownershipProblems } from "../../plan/key_place.ts";
import { topicsOf } from "../../plan/member_topic.ts";
import type { PhysicalPlan, StagePlan, StreamPlan, TaskTable } from "../../plan/physical.ts";
import { retry, STOPPED } from "../../ports/retry.ts";
import type { DecodedLog } from "../../ports/schemas.ts";
import type { Warehouse } from "../../ports/warehouse.ts";
import { ConfigError, ProductionError } from "../../record/errors.ts";
import type { RunOptions } from "../options.ts";
import { awaitSchemas, encodedKeyProblems } from "./await_schemas.ts";
import { inboxProblem, rebuildProblem } from "../topic_problems.ts";
import { makeChangesTopics } from "./changes_topics.ts";
import { makeOutputTopics } from "./output_topics.ts";
import { makeStageTopics } from "./stage_topics.ts";
import { laterInboxes, type TakenOver, takeOver } from "./take_over.ts";

const WAIT_MS = 1_000;

/** Everything known about the topics of one topology when it starts. */
export interface Topics {
  readonly plan: PhysicalPlan;
  /** Of every epoch: the one that is set, or a later one if the topology has taken tables over. */
  readonly generation: number;
  readonly sources: ReadonlyMap<string, TopicDescription>;
  /** Topics of events, and those in which they are written anew by group. */
  readonly streams: ReadonlyMap<string, TopicDescription>;
  /** Topics that events are written to. */
  readonly outputs: ReadonlyMap<string, TopicDescription>;
  /** Partitions of each table, which are those of its inbox, by table index. */
  readonly partitions: readonly number[];
  /** Conversation topic of each table, by table index. */
  readonly inboxes: readonly string[];
}

/** The topics that tasks read: of all sources but global ones, and all inboxes. */
export function readTopics({ plan, inboxes }: Topics): string[] {
  return [...new Set([...plan.tables.flatMap(topicsOf), ...inboxes])];
}

/** What is done with the events of one topic, and in how many partitions these are. */
export interface Flow {
  readonly plan: StreamPlan | StagePlan;
  readonly topic: string;
  readonly partitions: number;
}

/** All that is done with events: each has a task for each partition of its topic. */
export function flowsOf({ plan: { streams, stages }, streams: topics }: Pick<Topics, "plan" | "streams">): Flow[] {
  const flow = (plan: StreamPlan | StagePlan, topic: string): Flow => {
    return { plan, topic, partitions: topics.get(topic)!.partitions };
  };
  return [
    ...streams.map((plan) => flow(plan, plan.source.topic)),
    ...stages.map((plan) => flow(plan, plan.repartition)),
  ];
}

/** What {@link prepareTopics} needs. */
export interface PrepareOptions {
  readonly topology: Topology;
  readonly log: Log;
  readonly decoded?: DecodedLog;
  readonly warehouse: Warehouse;
  readonly clock: Clock;
  readonly options: RunOptions;
  /** Says what is waited for; null when it is there. */
  readonly onWaiting: (problem: string | null) => void;
  readonly onTakenOver: (taken: TakenOver) => void;
  readonly stopped: () => boolean;
}

/**
 * Waits until all source topics exist, compiles the topology for their partition counts, checks that they can rebuild
 * their tables, and creates the inbox topics, or raises their limits.
 *
 * @throws ConfigError for topics that cannot be used as they are, with the command that changes them
 * @throws TopologyError when the partition counts do not allow a join
 */
export async function prepareTopics(prepare: PrepareOptions): Promise<Topics> {
  const { topology, log } = prepare;
  const { sources, streams: others, known } = await awaitSources(prepare);
  await awaitSchemas(prepare);
  const streams = new Map([...others, ...await makeChangesTopics(prepare, new Map([...sources, ...others]))]);
  const { changelogs, repartitions } = await makeStageTopics(prepare, streams);
  const plan = compile(topology, (topic) => (sources.get(topic) ?? streams.get(topic))?.partitions);
  const problems = prepare.options.allowRetention ? [] : [...sources.values()].flatMap(rebuildProblem);
  if (problems.length > 0) throw new ConfigError(problems);
  const readFrom = new Map([...sources, ...changelogs]);
  const most = Math.max(1, ...plan.tables.filter(hasTopic).map((table) => partitionsOf(table, readFrom)));
  const partitions = plan.tables.map((table) => hasTopic(table) ? partitionsOf(table, readFrom) : most);
  const taken = prepare.options.takeOver.length === 0
    ? null
    : await takeOver({ ...prepare, topology: topology.name, plan, partitions, from: prepare.options.takeOver });
  const generation = taken?.generation ?? known;
  const options = { ...prepare.options, generation };
  const unowned = plan.tables.flatMap((table) =>
    ownershipProblems(table, { partitions: partitions[table.index], generation })
  );
  unowned.push(...encodedKeyProblems(plan, partitions));
  if (unowned.length > 0) throw new ConfigError(unowned);
  const inboxes = plan.tables.map(({ name }) => inboxTopic({ topology: topology.name, table: name, generation }));
  for (const [index, name] of inboxes.entries()) {
    await log.createTopic({
      name,
      partitions: partitions[index],
      cleanup: "delete",
      retentionMs: options.inboxRetentionMs,
      messageBytesMax: options.messageBytesMax,
      transient: true,
    });
  }
  const described = await log.topics(inboxes);
  const wrong = inboxes.flatMap((name, index) => inboxProblem(described.get(name), partitions[index], options));
  for (const topic of described.values()) wrong.push(...await raiseLimits(topic, log, options));
  if (wrong.length > 0) throw new ConfigError(wrong);
  if (taken !== null) prepare.onTakenOver(taken);
  // Also those of tables whose changes streams take.
  const changed = plan.streams.flatMap(({ source: { topic } }) => streams.has(topic) ? [] : [topic]);
  const allStreams = new Map([
    ...streams,
    ...repartitions,
    ...changed.map((topic) => [topic, sources.get(topic)!] as const),
  ]);
  const widest = Math.max(1, ...[...allStreams.values()].map((topic) => topic.partitions));
  const outputs = await makeOutputTopics(plan, { log, widest });
  return { plan, generation, sources: readFrom, streams: allStreams, outputs, partitions, inboxes };
}

/** Who makes topics that are missing, of which some are tables'. */
function adviceOn(missing: readonly string[], tables: readonly string[]): string {
  const ofTables = missing.some((topic) => tables.includes(topic));
  const ofEvents = missing.some((topic) => !tables.includes(topic));
  return [
    ...ofTables ? ["Debezium creates a topic with its first record; check table.include.list"] : [],
    ...ofEvents ? ["Topics of events are made by whoever writes them, or by hand"] : [],
  ].join(". ");
}

/**
 * The source topics, and the newest generation that the topology is known to have: later than the one that is set if it
 * has taken tables over.
 */
async function awaitSources(
  prepare: PrepareOptions,
): Promise<Pick<Topics, "sources" | "streams"> & { readonly known: number }> {
  const { topology, options: { generation } } = prepare;
  const tables = compile(topology).tables.map(({ name }) => name);
  const later = laterInboxes({ topology: topology.name, tables, generation });
  const names = [...new Set(prepare.topology.nodes.flatMap((node) => node.op === "source" ? [node.source.topic] : []))];
  const events = topology.streams.flatMap((node) =>
    node.op === "events" && !node.source.internal ? [node.source.topic] : []
  );
  const find = async () => {
    const wanted = [...new Set([...names, ...events])];
    const found = await prepare.log.topics([...wanted, ...[...later.values()].flat()]);
    const missing = wanted.filter((name) => !found.has(name));
    if (missing.length === 0) return found;
    const message = `Waiting for topic(s) ${missing.join(", ")}: not there yet. ${
      prepare.log.missingTopicAdvice ?? adviceOn(missing, names)
    }`;
    throw new ProductionError(message, { retriable: true });
  };
  const found = await retry(find, {
    clock: prepare.clock,
    firstMs: WAIT_MS,
    lastMs: WAIT_MS,
    retriable: (error) => !(error instanceof ConfigError),
    onState: (error) => prepare.onWaiting(error?.message ?? null),
    stopped: prepare.stopped,
  });
  if (found === STOPPED) throw new ConfigError(["Stopped while waiting for topics"]);
  const begun = [...later].filter(([, inboxes]) => inboxes.some((name) => found.has(name)));
  return {
    sources: new Map(names.map((name) => [name, found.get(name)!])),
    streams: new Map(events.map((name) => [name, found.get(name)!])),
    known: Math.max(generation, ...begun.map(([later]) => later)),
  };
}

function partitionsOf(table: TaskTable, sources: ReadonlyMap<string, TopicDescription>): number {
  return Math.max(...topicsOf(table).map((topic) => sources.get(topic)!.partitions));
}

function hasTopic(table: TaskTable): boolean {
  return topicsOf(table).length > 0;
}

/** An inbox that an earlier version or an operator made is changed if it keeps or takes less than it must. */
async function raiseLimits(topic: TopicDescription, log: Log, options: RunOptions): Promise<string[]> {
  const { name, compacted, retentionMs, messageBytesMax } = topic;
  const keepsEnough = retentionMs === -1 || retentionMs >= options.inboxRetentionMs;
  if (compacted || (keepsEnough && messageBytesMax >= options.messageBytesMax)) return [];
  const wanted = {
    retentionMs: keepsEnough ? retentionMs : options.inboxRetentionMs,
    messageBytesMax: Math.max(messageBytesMax, options.messageBytesMax),
  };
  try {
    await log.alterTopic(name, wanted);
    return [];
  } catch (error) {
    if (!(error instanceof ProductionError) || error.retriable) throw error;
    return [
      `Cannot use "${name}" as an inbox: it keeps records for ${retentionMs} ms and takes them up to ` +
      `${messageBytesMax} bytes, which is less than WEIR_INBOX_RETENTION_MS=${options.inboxRetentionMs} or ` +
      `WEIR_MESSAGE_BYTES_MAX=${options.messageBytesMax}, and it cannot be changed from here (${error.message}). ` +
      `Lower these, or change it: kafka-configs --bootstrap-server <broker> --alter --entity-type topics ` +
      `--entity-name ${name} --add-config ` +
      `retention.ms=${wanted.retentionMs},retention.bytes=-1,max.message.bytes=${wanted.messageBytesMax}`,
    ];
  }
}

/** What changed under a running topology. */
export type TopicChange =
  | { readonly kind: "recreated source"; readonly topic: string }
  | { readonly kind: "fatal"; readonly problem: string };

/** Compares the topics as they are with what they were at the start. */
export async function findTopicChanges(
  log: Log,
  { topics, inboxIds }: { readonly topics: Topics; readonly inboxIds: Map<string, string | null> },
): Promise<TopicChange[]> {
  const now = await log.topics([...topics.sources.keys(), ...topics.inboxes]);
  const changes: TopicChange[] = [];
  for (const [name, was] of topics.sources) {
    const is = now.get(name);
    if (is === undefined) continue;
    if (is.partitions !== was.partitions) {
      const problem =
        `Topic "${name}" has ${is.partitions} partitions now, ${was.partitions} before: keys have moved to other ` +
        `tasks. Raise WEIR_GENERATION by one and start again`;
      changes.push({ kind: "fatal", problem });
    } else if (is.id !== was.id) {
      changes.push({ kind: "recreated source", topic: name });
      (topics.sources as Map<string, TopicDescription>).set(name, is);
    }
  }
  for (const name of topics.inboxes) {
    const id = now.get(name)?.id;
    if (id === undefined) continue;
    const was = inboxIds.get(name);
    inboxIds.set(name, id);
    if (was !== undefined && was !== id) {
      const problem =
        `Conversation topic "${name}" was deleted and created again, so its epochs start again below those in ` +
        `ClickHouse. Raise WEIR_GENERATION by one and start again`;
      changes.push({ kind: "fatal", problem });
    }
  }
  return changes;
}
