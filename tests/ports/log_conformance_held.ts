import { assertEquals, assertRejects } from "@std/assert";
import type { GroupTask, Held, Log, Membership, Progress } from "../../src/ports/log.ts";
import { ProductionError } from "../../src/record/errors.ts";
import { newTopic, patiently, uniqueName } from "./log_conformance_support.ts";

/** Of a group. */
export const TASKS = 2;

/** A group and its tasks. */
export interface ProgressGroup {
  readonly group: string;
  readonly topic: string;
  readonly tasks: readonly GroupTask[];
  readonly places: readonly { readonly topic: string; readonly partition: number }[];
}

/** A group whose tasks read one partition each. */
export async function newGroup(log: Log, more: Pick<GroupTask, "transactional"> = {}): Promise<ProgressGroup> {
  const topic = await newTopic(log, "stream", TASKS);
  const places = Array.from({ length: TASKS }, (_, partition) => ({ topic, partition }));
  const tasks = places.map((place) => ({ id: `stream-${place.partition}`, partitions: [place], ...more }));
  return { group: uniqueName("group"), topic, tasks, places };
}

/** As the port, until it is answered. */
export function held(membership: Membership, places: ProgressGroup["places"]): Promise<Held[]> {
  return untilAnswered(() => membership.held(places));
}

/** As the port, until it is answered. */
export function advance(
  membership: Membership,
  { tenure, ...progress }: Progress & { readonly tenure: string },
): Promise<void> {
  return untilAnswered(() => membership.advance(progress, tenure));
}

/** Repeats what may be tried again: a group may be rebalancing. */
export function untilAnswered<T>(ask: () => Promise<T>): Promise<T> {
  const answer = async (): Promise<T> => {
    for (;;) {
      try {
        return await ask();
      } catch (error) {
        if (!(error instanceof ProductionError) || !error.retriable) throw error;
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
    }
  };
  return patiently(answer(), "the group's answer");
}

/** Nothing was committed, nor ever will be. */
export async function assertOver(ask: () => Promise<void>): Promise<void> {
  const error = await assertRejects(ask, ProductionError);
  assertEquals([error.retriable, error.reason], [false, undefined], error.message);
}
