import { assert, assertEquals } from "@std/assert";
import type { NewRecord } from "../../../src/ports/log.ts";
import type { Choices } from "../../oracle/random.ts";
import type { Caused } from "../../processor/stateful/simulated_stage.ts";
import { MemoryChangelog } from "./suppressed_owner.ts";

/** A process that has a stage's task, or believes so, as far as what it writes is concerned. */
interface WritingOwner {
  seal(chars: number): { readonly made: readonly { at: number; caused: Caused }[]; readonly parts: NewRecord[][] };
}

/** What owners of a stage bring out and write, with requests that are cut off, or arrive late. */
export class DisturbedWrites<O extends WritingOwner> {
  readonly changelog = new MemoryChangelog();
  /** Former owners that go on. */
  readonly former: O[] = [];
  /** Of former owners: what may still be written, request by request. */
  readonly late: NewRecord[][][] = [];
  /** By event and key: what was brought out. */
  readonly #out: Map<string, readonly string[]>[];
  readonly #choices: Choices;

  constructor(events: number, choices: Choices) {
    this.#out = Array.from({ length: events }, () => new Map());
    this.#choices = choices;
  }

  /** Each result must be as it is wanted, or have been brought out before. Returns how many were. */
  judge(at: number, { caused, wanted }: { readonly caused: Caused; readonly wanted: Caused }): number {
    for (const [key, texts] of caused) assertEquals(texts, wanted.get(key), `event ${at}, what it causes for ${key}`);
    let passed = 0;
    for (const key of wanted.keys()) {
      if (caused.has(key)) continue;
      assert(this.#out[at].has(key), `event ${at} must cause something for ${key}, or have done so`);
      passed++;
    }
    return passed;
  }

  /** What is written is brought out before. */
  write(owner: O, { cut }: { readonly cut: boolean }): void {
    const { made, parts } = owner.seal(this.#choices.of([1, 300, 5_000]));
    for (const { at, caused } of made) for (const [key, texts] of caused) this.#out[at].set(key, texts);
    const end = cut ? this.#choices.int(parts.length + 1) : parts.length;
    for (const part of parts.slice(0, end)) this.changelog.append(part);
    if (!cut) return;
    // Nobody knows what was written: it would go on under another name.
    const place = this.former.indexOf(owner);
    if (place >= 0) this.former.splice(place, 1);
    if (end < parts.length) this.late.push(parts.slice(end));
  }

  /** A request arrives that was on its way. */
  arrive(): void {
    const at = this.#choices.int(this.late.length);
    if (this.#choices.chance(0.2)) this.late[at].length = 1;
    this.changelog.append(this.late[at].shift()!);
    if (this.late[at].length === 0) this.late.splice(at, 1);
  }
}
