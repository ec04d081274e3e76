import type { FoldSpec, NamedSpec } from "../dsl/aggregate_spec.ts";
import { checkMessageBytes } from "../record/sendable.ts";
import { encodeWire } from "../record/wire.ts";
import type { Algebra } from "./algebra.ts";
import { checkTold } from "./contribution.ts";

/** A home's share of a folded state: none without values, or why there is none. */
export type FoldPart = { readonly state: unknown } | { readonly failure: string } | null;

/**
 * What `row` contributes; null for nothing.
 * @throws TypeError for a value that cannot be kept; whatever `add` throws of this value alone
 */
export function foldedOf({ name, spec }: NamedSpec<FoldSpec>, row: unknown): unknown {
  const value = spec.value(row) ?? null;
  if (value === null) return null;
  checkTold(name, value);
  if (spec.empty !== null) spec.add(spec.empty(), value);
  return value;
}

/** `bytesMax`: that a state may have as part of a message. */
export function foldAlgebra(spec: FoldSpec, bytesMax: number): Algebra {
  return {
    zero: () => new Fold(spec),
    add(state, value) {
      (state as Fold).add(value);
      return state;
    },
    remove(state, value) {
      (state as Fold).remove(value);
      return state;
    },
    part: (state) => (state as Fold).part(bytesMax),
  };
}

/** Values by their text, and how often each of them waits. */
type Waiting = Map<string, { readonly value: unknown; count: number }>;

/**
 * The state of one group. Callbacks may throw, and what could not be added could not be taken out either: so values
 * wait that could not be added or taken out, and are tried again when the state is asked for. The state is told only if
 * none waits, and then it is a function of the group's values, whatever happened before. Without values it is the empty
 * one again, so that nothing can stay behind.
 */
class Fold {
  readonly #spec: FoldSpec;
  #state: unknown = null;
  /** Values in the state. */
  #values = 0;
  readonly #unadded: Waiting = new Map();
  readonly #unremoved: Waiting = new Map();
  #failure = "";

  constructor(spec: FoldSpec) {
    this.#spec = spec;
  }

  add(value: unknown): void {
    if (!withdrawn(this.#unremoved, value) && !this.#added(value)) wait(this.#unadded, value);
  }

  remove(value: unknown): void {
    if (!withdrawn(this.#unadded, value) && !this.#removed(value)) wait(this.#unremoved, value);
  }

  /** What the merge task is told; of a state that cannot be told, why. */
  part(bytesMax: number): FoldPart {
    if (!this.#settled(this.#unremoved, (value) => this.#removed(value))) return { failure: this.#failure };
    if (!this.#settled(this.#unadded, (value) => this.#added(value))) return { failure: this.#failure };
    if (this.#values === 0) return null;
    try {
      checkMessageBytes(encodeWire(this.#state), bytesMax);
      return { state: this.#state };
    } catch (cause) {
      return { failure: messageOf(cause) };
    }
  }

  #added(value: unknown): boolean {
    const { empty, add } = this.#spec;
    return this.#attempt(() => {
      if (this.#values > 0) this.#state = add(this.#state, value);
      else this.#state = empty === null ? value : add(empty(), value);
      this.#values++;
    });
  }

  #removed(value: unknown): boolean {
    return this.#attempt(() => {
      this.#state = this.#values === 1 ? null : this.#spec.subtract(this.#state, value);
      this.#values--;
    });
  }

  #attempt(change: () => void): boolean {
    try {
      change();
      return true;
    } catch (cause) {
      this.#failure = messageOf(cause);
      return false;
    }
  }

  /** Tries values that wait until one fails, as all would that do. */
  #settled(waiting: Waiting, apply: (value: unknown) => boolean): boolean {
    for (const { value } of waiting.values()) {
      while (waiting.has(encodeWire(value))) {
        if (!apply(value)) return false;
        withdrawn(waiting, value);
      }
    }
    return true;
  }
}

function messageOf(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause);
}

function wait(waiting: Waiting, value: unknown): void {
  const text = encodeWire(value);
  const known = waiting.get(text);
  if (known === undefined) waiting.set(text, { value, count: 1 });
  else known.count++;
}

/** One that waits need not any more; false if none of this value does. */
function withdrawn(waiting: Waiting, value: unknown): boolean {
  if (waiting.size === 0) return false;
  const text = encodeWire(value);
  const known = waiting.get(text);
  if (known === undefined) return false;
  if (--known.count === 0) waiting.delete(text);
  return true;
}

/**
 * What all homes' states make.
 * @throws TypeError if one of them could not be computed; whatever a callback throws
 */
export function foldTotal({ name, spec }: NamedSpec<FoldSpec>, parts: readonly FoldPart[]): unknown {
  const states: unknown[] = [];
  for (const part of parts) {
    if (part === null) continue;
    if ("failure" in part) throw new TypeError(`Cannot compute "${name}": ${part.failure}`);
    states.push(part.state);
  }
  const state = states.length > 0 ? states.reduce((a, b) => spec.merge(a, b)) : spec.empty?.() ?? null;
  return spec.result === null ? state : spec.result(state);
}
