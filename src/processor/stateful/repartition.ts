import type { RepartitionNode } from "../../dsl/stream_nodes.ts";
import { KeyedElements } from "../../state/keyed_elements.ts";
import type { KeyedEvent, StatefulOperator, StatefulPorts } from "./stateful.ts";

/** Events as they come, under their key. Nothing is kept of them. */
export class Repartition implements StatefulOperator {
  readonly elements = new KeyedElements();
  readonly keepsNothing = true;
  readonly #node: RepartitionNode;
  readonly #forward: StatefulPorts["forward"];

  constructor(node: RepartitionNode, { forward }: StatefulPorts) {
    this.#node = node;
    this.#forward = forward;
  }

  take(_: number, { columns, value, timestampUs }: KeyedEvent): void {
    const { bare } = this.#node;
    this.#forward({ key: bare === null ? columns : columns[bare], value, timestampUs });
  }

  /** No event is in any element. */
  pass(): void {}

  save(): unknown {
    return null;
  }

  load(): void {}

  dueOf(): null {
    return null;
  }
}
