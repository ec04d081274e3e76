import { ClickHouseError } from "@clickhouse/client";
import { ProductionError } from "../../record/errors.ts";

/** Error codes of ClickHouse after which the same request may succeed: outages, overload, limits that pass. */
const RETRIABLE_CODES = new Set([
  ...[3, 107, 159, 164, 173, 198, 201, 202, 203, 209, 210, 225, 236, 241, 242, 243, 252, 254, 265, 279, 285, 286, 289],
  ...[319, 369, 394, 416, 425, 439, 473, 499, 733, 745, 999, 1002],
]);
/** Longest part of ClickHouse's message that is kept: it quotes the row that it cannot read. */
const MESSAGE_LENGTH_MAX = 2_000;

/**
 * The port's error for whatever the client threw. An answer of ClickHouse is judged by its code; everything else is an
 * outage of network, proxy or server, except what only the operator can change: certificates and permissions of this
 * process.
 */
export function productionError(action: string, error: unknown): ProductionError {
  if (error instanceof ProductionError) return error;
  const { retriable, reason } = judge(error);
  return new ProductionError(`Cannot ${action}: ${reason.slice(0, MESSAGE_LENGTH_MAX)}`, { retriable, cause: error });
}

function judge(error: unknown): { retriable: boolean; reason: string } {
  if (error instanceof ClickHouseError) {
    const reason = `ClickHouse answered ${error.code} ${error.type ?? ""}: ${error.message.trim()}`;
    return { retriable: RETRIABLE_CODES.has(Number(error.code)), reason };
  }
  if (!(error instanceof Error)) return { retriable: true, reason: String(error) };
  const code = "code" in error ? String(error.code) : "";
  const operator = /CERT|TLS|SELF_SIGNED|UNABLE_TO_VERIFY/.test(code) || error.name === "NotCapable" ||
    error.name === "PermissionDenied";
  // A connection refused on several addresses has no message of its own.
  const reason = error.message || (error instanceof AggregateError ? error.errors.map(String).join("; ") : "") ||
    code || error.name;
  return { retriable: !operator, reason: code && !reason.includes(code) ? `${reason} (${code})` : reason };
}
