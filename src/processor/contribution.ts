import type { PlannedSpec } from "../dsl/aggregate_spec.ts";
import { Decimal } from "../record/decimal.ts";
import { keyValueText } from "../record/key.ts";
import { checkMessageBytes, checkTextBytes } from "../record/sendable.ts";
import { encodeWire } from "../record/wire.ts";

/**
 * Checks that a value survives on its way to another task.
 * @throws TypeError naming the total
 */
export function checkTold(name: string, value: unknown): void {
  if (typeof value === "string" || typeof value === "boolean" || value instanceof Decimal) return;
  try {
    encodeWire(value);
  } catch (cause) {
    throw new TypeError(`Cannot aggregate "${name}": ${(cause as Error).message}`, { cause });
  }
}

/**
 * Checks that what a row contributes is not too large for its part of a share, whatever else is in the group: so no
 * share ever is; and of a row that it survives on its way. What it gives throws LimitError naming the setting.
 */
export function contributionCheck(spec: PlannedSpec, bytesMax: number): (value: unknown) => void {
  // What is folded is no part of a share: the state is, which the fold checks.
  if (spec.kind === "custom" || spec.kind === "reduce") return () => {};
  if (spec.kind === "row") return (row) => checkMessageBytes(encodeWire(row), bytesMax);
  const pairBytesMax = Math.floor(bytesMax / (spec.kind === "topN" || spec.kind === "collect" ? spec.most : 1));
  return (value) => {
    // A value that is told by itself is told as the text of a key.
    if (typeof value === "string") {
      checkTextBytes(spec.kind === "countDistinct" ? keyValueText(value) : value, bytesMax);
    } // Of numbers and decimals any share has room.
    else if (Array.isArray(value)) checkMessageBytes(encodeWire(value), pairBytesMax);
  };
}
