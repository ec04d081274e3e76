import type { ProductionError } from "../../../record/errors.ts";
import type { BrokerConnection } from "../protocol/kafkajs_internals.ts";
import type { KafkaSettings } from "../protocol/options.ts";

/** By what the coordinator knows a member; it refuses what comes with an older generation, for ever. */
export interface MemberIdentity {
  readonly groupId: string;
  readonly groupGenerationId: number;
  readonly memberId: string;
}

/** What a member's commits need to know of its membership. */
export interface Standing {
  readonly settings: KafkaSettings;
  /** @throws ProductionError when it has left; a retriable one while the group is rebalancing */
  identity(): MemberIdentity;
  /** Whether that is the newest generation in which it took part. */
  isNewest(generation: number): boolean;
  /** Undefined for a partition of another member. */
  tenureOf(topic: string, partition: number): string | undefined;
  /** Under which the partition's task writes transactions; null if it writes none. */
  transactionalIdOf(topic: string, partition: number): string | null;
  /** Asks the coordinator; finds it first if it is not known. */
  ask<T>(use: (connection: BrokerConnection) => Promise<T>): Promise<T>;
  refusal(reason: string, options?: { readonly retriable: boolean }): ProductionError;
  /** Looks at once whether the group is in another generation, and takes it there if a commit is in doubt. */
  hurry(): void;
}
