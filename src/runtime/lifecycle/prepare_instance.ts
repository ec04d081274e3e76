import type { UnitDoubt } from "../../formats/unit_doubts.ts";
import type { DeadLetterQueue } from "../delivery/dead_letter_queue.ts";
import type { TopicTables } from "../delivery/topic_tables.ts";
import { createTaskContext } from "./context.ts";
import type { GlobalLetters } from "./global_letters.ts";
import type { Instance, StreamView } from "./instance.ts";
import { Intake } from "./intake.ts";
import { LoadOrder } from "./load_order.ts";
import { openGlobals } from "./open_globals.ts";
import type { Revision } from "./plan_print.ts";
import { SnapshotKeeper } from "./snapshot_keeper.ts";
import type { TaskHost } from "./task_host.ts";
import { TopicFollower } from "./topic_follower.ts";
import { TopologyCorrections } from "./topology_corrections.ts";

/** What an instance is made of that is there before it. */
export interface InstanceParts
  extends Pick<Instance, "topology" | "ports" | "options" | "topics" | "writers" | "producer" | "problems" | "hosts"> {
  readonly topicTables: TopicTables;
  readonly deadLetters: DeadLetterQueue;
  readonly globalLetters: GlobalLetters;
  readonly revision: Revision;
  readonly streams: ReadonlyMap<string, StreamView & { close(): void }>;
  readonly onDoubt: (table: string, doubt: UnitDoubt) => void;
  /** Rows of global tables changed, or their positions moved on. */
  readonly onGlobalProgress: () => void;
  readonly onExchanged: (host: TaskHost, reason: string) => void;
  readonly wake: Instance["wake"];
  readonly onEvent: Instance["onEvent"];
  readonly fail: Instance["fail"];
}

/** Wires one topology on one process; nothing of it runs yet. */
export function prepareInstance(given: InstanceParts): Instance {
  const { topology, ports, options, topics, writers, producer, problems, hosts, streams } = given;
  const { deadLetters, globalLetters, revision, onDoubt, onGlobalProgress, onExchanged, wake, onEvent, fail } = given;
  let instance: Instance | null = null;
  const { messageBytesMax } = options;
  const corrections = new TopologyCorrections({
    ...{ ports, messageBytesMax },
    instance: () => instance!,
    restart: onExchanged,
  });
  const context = createTaskContext({
    topics,
    topology: topology.name,
    options,
    ports,
    deadLetters,
    globalLetters,
    writers,
    producer,
    hosts,
    corrections: (topic, partition) => corrections.of(topic, partition),
    globalReader: () => instance?.globals ?? null,
    onDoubt,
  });
  const globals = openGlobals({
    topics,
    context,
    ports,
    problems,
    letters: globalLetters,
    corrections: corrections.source,
    closeTasks: () => {
      for (const { task } of hosts.values()) if (task !== null) task.closed = true;
      for (const stream of streams.values()) stream.close();
    },
    onDoubt,
    onProgress: onGlobalProgress,
    onEvent,
    fail,
  });
  const parts = {
    ...{ topology, ports, options, topics, context, writers, producer, problems, hosts, streams, globals },
    ...{ wake, onEvent, fail, onExchanged },
    corrections,
    intake: new Intake(ports.log.reader()),
    follower: new TopicFollower(() => instance!, given.topicTables),
    standbys: new Map(),
    loads: new LoadOrder(),
    busy: new Set<TaskHost>(),
  };
  instance = { ...parts, snapshots: new SnapshotKeeper(parts, revision) };
  return instance;
}
