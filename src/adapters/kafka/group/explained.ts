import type { ProductionError } from "../../../record/errors.ts";
import { asProductionError, type KafkaJsError, rejoinTypes } from "../protocol/errors.ts";
import type { Standing } from "./standing.ts";

/** Answers after which the coordinator must be looked for again. */
export const coordinatorTypes: ReadonlySet<string> = new Set([
  "NOT_COORDINATOR_FOR_GROUP",
  "GROUP_COORDINATOR_NOT_AVAILABLE",
  "GROUP_LOAD_IN_PROGRESS",
]);

/** What it means to a member that joining, or a heartbeat, failed. */
export function explained(
  thrown: unknown,
  { settings, refusal }: Pick<Standing, "settings" | "refusal">,
): ProductionError {
  const { type, message } = thrown as KafkaJsError;
  if (type !== undefined && (rejoinTypes.has(type) || coordinatorTypes.has(type))) {
    return refusal(message, { retriable: true });
  }
  if (type === "INCONSISTENT_GROUP_PROTOCOL") {
    return refusal("other consumers, of another kind, use a group of this name; choose another name");
  }
  if (type === "INVALID_SESSION_TIMEOUT") {
    return refusal(
      `the broker allows no session of ${settings.sessionTimeoutMs} ms; stay between its ` +
        "group.min.session.timeout.ms and group.max.session.timeout.ms",
    );
  }
  return asProductionError(thrown, settings);
}
