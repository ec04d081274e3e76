// deno-lint-ignore-file require-await -- what the methods throw is to be a rejection
import { ChangedLimits } from "../../../../src/adapters/kafka/changed_limits.ts";
import type { Cluster } from "../../../../src/adapters/kafka/cluster.ts";
import { encodeAssignment } from "../../../../src/adapters/kafka/protocol/group_protocol.ts";
import {
  type BrokerConnection,
  type KafkaJsBroker,
  protocolError,
  type ProtocolRequest,
} from "../../../../src/adapters/kafka/protocol/kafkajs_internals.ts";
import { kafkaSettings } from "../../../../src/adapters/kafka/protocol/options.ts";
import { OFFSET_FETCH_KEY } from "../../../../src/adapters/kafka/protocol/stable_offsets.ts";
import { WireReader, WireWriter } from "../../../../src/adapters/kafka/protocol/wire.ts";
import type { GroupTask } from "../../../../src/ports/log.ts";

const [ILLEGAL_GENERATION, UNKNOWN_MEMBER_ID, REBALANCE_IN_PROGRESS, UNSTABLE] = [22, 25, 27, 88];

interface Stored {
  readonly offset: string;
  readonly metadata: string | null;
}

/** What a commit says. */
type Commit = Parameters<KafkaJsBroker["offsetCommit"]>[0];

/**
 * A coordinator with one member that is asked, beside others that only count: as Kafka's it takes a commit of the
 * group's generation from a member that it knows, whoever has the partition.
 */
export class FakeCoordinator {
  generation = 0;
  memberId: string | null = null;
  /** What the member is given in the next generations; the last one for ever. */
  assignments: (readonly string[])[];
  /** Joins are answered with the generation after so many others. */
  missed = 0;
  /** So many SyncGroups end with the next rebalance. */
  failedSyncs = 0;
  /** What happens to the next commit. */
  fault: "lost" | "answer lost" | "late" | null = null;
  /** A commit is taken, and not shown yet. */
  unstable = false;
  offsetFetchVersion = 8;
  readonly stored = new Map<string, Stored>();
  readonly late: Commit[] = [];
  #rebalancing = false;
  readonly #tasks: readonly GroupTask[];
  #ids = 0;

  constructor(tasks: readonly GroupTask[], assignments: (readonly string[])[]) {
    this.#tasks = tasks;
    this.assignments = assignments;
  }

  /** Somebody else joins or leaves. */
  rebalance(): void {
    this.#rebalancing = true;
  }

  /** The session of the member has ended. */
  expel(): void {
    this.memberId = null;
    this.generation++;
  }

  /** What was left on its way arrives; gives back which of it was refused. */
  arrive(): string[] {
    return this.late.splice(0).flatMap((commit) => {
      try {
        this.#store(commit);
        return [];
      } catch (error) {
        return [(error as { type: string }).type];
      }
    });
  }

  cluster(): Cluster {
    const connection = { broker: this.#broker(), send: (request: ProtocolRequest<unknown>) => this.#send(request) };
    const channel: ReturnType<Cluster["openChannel"]> = {
      call: (_, use) => use(connection as unknown as BrokerConnection),
      callAny: (use) => use(connection as unknown as BrokerConnection),
      close: () => Promise.resolve(),
    };
    return {
      limits: new ChangedLimits(),
      settings: { ...kafkaSettings({ brokers: ["127.0.0.1:1"], clientId: "test" }), heartbeatIntervalMs: 5 },
      openChannel: () => channel,
      refresh: () => Promise.resolve({ topics: new Map(), refused: new Map(), brokers: new Map(), controllerId: 1 }),
      known: () => undefined,
      seen: () => true,
      persistently: (attempt) => attempt(),
      close: () => Promise.resolve(),
    };
  }

  #broker(): Partial<KafkaJsBroker> {
    return {
      versions: { [OFFSET_FETCH_KEY]: { minVersion: 0, maxVersion: this.offsetFetchVersion } },
      findGroupCoordinator: async () => ({ coordinator: { nodeId: 1, host: "127.0.0.1", port: 1 } }),
      joinGroup: async ({ memberId }) => {
        if (memberId !== "" && memberId !== this.memberId) throw protocolError(UNKNOWN_MEMBER_ID);
        this.memberId = memberId === "" ? `member-${++this.#ids}` : memberId;
        this.#rebalancing = false;
        // It waits for the others.
        await new Promise((resolve) => setTimeout(resolve, 5));
        this.generation += 1 + this.missed;
        this.missed = 0;
        return { generationId: this.generation, leaderId: "another", memberId: this.memberId, members: [] };
      },
      syncGroup: async () => {
        if (this.failedSyncs-- > 0) throw protocolError(REBALANCE_IN_PROGRESS);
        const tasks = this.assignments.length > 1 ? this.assignments.shift()! : this.assignments[0];
        return { memberAssignment: encodeAssignment({ tasks, standbys: [], addresses: [] }, this.#tasks) };
      },
      heartbeat: async (identity) => {
        this.#check(identity);
        if (this.#rebalancing) throw protocolError(REBALANCE_IN_PROGRESS);
      },
      leaveGroup: async () => {
        this.memberId = null;
        this.generation++;
      },
      offsetCommit: async (commit) => {
        const { fault } = this;
        this.fault = null;
        if (fault === "late") this.late.push(commit);
        if (fault !== "late" && fault !== "lost") this.#store(commit);
        if (fault !== null) throw Object.assign(new Error("no answer"), { name: "KafkaJSConnectionClosedError" });
      },
      offsetFetch: async ({ topics }) => ({
        responses: topics.map(({ topic, partitions }) => ({
          topic,
          partitions: partitions.map(({ partition }) => ({
            partition,
            ...this.stored.get(`${topic}-${partition}`) ?? { offset: "-1", metadata: null },
          })),
        })),
      }),
    };
  }

  #check({ memberId, groupGenerationId }: { readonly memberId: string; readonly groupGenerationId: number }): void {
    if (memberId !== this.memberId) throw protocolError(UNKNOWN_MEMBER_ID);
    if (groupGenerationId !== this.generation) throw protocolError(ILLEGAL_GENERATION);
  }

  #store(commit: Commit): void {
    this.#check(commit);
    for (const { topic, partitions } of commit.topics) {
      for (const { partition, offset, metadata } of partitions) {
        this.stored.set(`${topic}-${partition}`, { offset, metadata });
      }
    }
  }

  /** OffsetFetch of version 7 in bytes. */
  async #send(request: ProtocolRequest<unknown>): Promise<unknown> {
    const { buf, offset } = await request.request.encode() as { buf: Uint8Array; offset: number };
    const reader = new WireReader(new Uint8Array(buf.subarray(0, offset)));
    reader.tags();
    reader.compactString();
    const writer = new WireWriter().uvarint(0).int32(0);
    const topics = reader.compactArray(() => {
      const topic = reader.compactString()!;
      const partitions = reader.compactArray(() => reader.int32());
      reader.tags();
      return { topic, partitions };
    });
    writer.uvarint(topics.length + 1);
    for (const { topic, partitions } of topics) {
      writer.compactString(topic).uvarint(partitions.length + 1);
      for (const partition of partitions) {
        const { offset = -1, metadata = "" } = this.stored.get(`${topic}-${partition}`) ?? {};
        writer.int32(partition).int64(Number(offset)).int32(-1).compactString(metadata ?? "");
        writer.int16(this.unstable ? UNSTABLE : 0).uvarint(0);
      }
      writer.uvarint(0);
    }
    const answer = await request.response.decode(writer.int16(0).uvarint(0).finish());
    return await request.response.parse(answer);
  }
}
