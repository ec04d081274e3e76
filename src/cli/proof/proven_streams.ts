import type { Topology } from "../../dsl/topology.ts";
import type { BroughtOut } from "../../runtime/applied.ts";
import type { AskedRecords, PartitionRecords } from "./told_records.ts";
import type { ToldTopic } from "./told_topics.ts";

/** How far a partition of a topic of events is brought out; null: no instance tells it. */
export type ToldBrought = Omit<BroughtOut, "to"> & { readonly to: number | null };

/** What the log has of the streams that are compared. @throws Error when the log does not answer */
export interface ProvenStreams {
  /** Why nothing is told of a topology; null: it is. */
  withheld(topology: Topology): string | null;
  /** Of all partitions that the topology's streams read. */
  brought(topology: string): Promise<readonly ToldBrought[]>;
  /** What streams read, and what stages have. */
  topics(topology: string): Promise<readonly ToldTopic[]>;
  /** Null if there is no such topic. */
  records(topology: string, asked: AskedRecords): Promise<PartitionRecords | null>;
}
