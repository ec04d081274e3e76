import { WINDOW_START } from "../../processor/stateful/result_of.ts";
import type { HeldBack } from "../../processor/stateful/sought_event.ts";
import type { StatefulOperator } from "../../processor/stateful/stateful.ts";
import { type Key, keyOfColumns, keyParts, parseKeyText } from "../../record/key.ts";
import type { StageEventQuestion, StageLook, StageView } from "../lifecycle/stage_view.ts";
import type { StageDecisions } from "./stage_decisions.ts";
import type { TimeOrder } from "./time_order.ts";

/** What those who ask may know of a stage's task. Changes nothing of it. */
export class StageInsight implements StageView {
  readonly #operator: StatefulOperator;
  readonly #decisions: StageDecisions;
  readonly #order: Pick<TimeOrder, "held">;

  constructor({ operator, decisions, order }: {
    readonly operator: StatefulOperator;
    readonly decisions: StageDecisions;
    readonly order: Pick<TimeOrder, "held">;
  }) {
    [this.#operator, this.#decisions, this.#order] = [operator, decisions, order];
  }

  get elements(): StatefulOperator["elements"] {
    return this.#operator.elements;
  }

  get waiting(): number {
    return this.#operator.waiting ?? 0;
  }

  look({ input, columns, timestampUs, digest, ...event }: StageEventQuestion): StageLook | null {
    if (this.#order.held > 0) return null;
    const sought = columns === null ? null : { key: keyOfColumns(columns), timestampUs, digest };
    const looked = sought === null ? null : this.#operator.look?.(input, sought) ?? null;
    return { decision: this.#decisions.of(event), looked };
  }

  heldBack(key: Key, { windowed }: { readonly windowed: boolean }): HeldBack | null {
    const [first] = this.elements.keys();
    const columns = first === undefined ? undefined : this.elements.columnsOf(first);
    if (columns === undefined || this.#operator.heldBack === undefined) return null;
    const names = [...Object.keys(columns), ...windowed ? [WINDOW_START] : []].sort();
    const parts = keyParts(key);
    if (parts.length !== names.length) return null;
    const at = names.indexOf(WINDOW_START);
    if (!windowed) return this.#operator.heldBack(key, 0);
    return this.#operator.heldBack(parseKeyText(parts.toSpliced(at, 1).join(",")), Number(parts[at]));
  }
}
