import { assert, assertEquals } from "@std/assert";
import type { JoinedEvent } from "../../../src/oracle/joined_events.ts";
import { computeStreamJoin } from "../../../src/oracle/stream_join_oracle.ts";
import type { NewRecord } from "../../../src/ports/log.ts";
import type { StreamJoinSpec } from "../../../src/processor/stateful/stream_join.ts";
import { mulberry32 } from "../../../src/record/mulberry32.ts";
import { type Choices, choicesOf } from "../../oracle/random.ts";
import { keptTexts } from "../../processor/stateful/durable_elements.ts";
import { randomEvents, streamSpec } from "../../processor/stateful/random_joins.ts";
import { byKey, type Caused } from "../../processor/stateful/simulated_stage.ts";
import { JoinOwner } from "./joined_owner.ts";
import { MemoryChangelog } from "./suppressed_owner.ts";

const SEEDS = Number(Deno.env.get("WEIR_SEEDS") ?? 600);

/** What only some crashes meet, so that it is known that they were met. */
interface Met {
  /** Starts at which some keys were ahead of the position. */
  ahead: number;
  /** Results that a former process had brought out, and a later one did not. */
  passed: number;
  /** Starts that read fewer elements than the changelog has. */
  unread: number;
}

/** One run through crashes, former owners that go on, and writes that arrive late. */
class Run {
  readonly #spec: StreamJoinSpec;
  readonly #events: readonly JoinedEvent[];
  readonly #choices: Choices;
  readonly #wanted: readonly Caused[];
  readonly #out: Map<string, readonly string[]>[];
  readonly #changelog = new MemoryChangelog();
  /** Of former owners: what may still be written, request by request. */
  readonly #late: NewRecord[][][] = [];
  readonly #former: JoinOwner[] = [];
  readonly #met: Met;

  constructor(
    spec: StreamJoinSpec,
    { events, choices, met }: {
      readonly events: readonly JoinedEvent[];
      readonly choices: Choices;
      readonly met: Met;
    },
  ) {
    this.#spec = spec;
    this.#events = events;
    this.#choices = choices;
    this.#met = met;
    this.#wanted = computeStreamJoin(events, spec).map(byKey);
    this.#out = events.map(() => new Map());
  }

  /** Returns the last owner and the changelog, all of it written. */
  async all(): Promise<{ readonly owner: JoinOwner; readonly changelog: MemoryChangelog }> {
    const { length } = this.#events;
    for (let owner = await this.#begin(), crashes = 6;;) {
      if (owner.position < length) this.#take(owner);
      const former = this.#former.length === 0 ? undefined : this.#choices.of(this.#former);
      if (former !== undefined && former.position < length && this.#choices.chance(0.7)) {
        this.#take(former);
        if (this.#choices.chance(0.2)) this.#write(former, { cut: this.#choices.chance(0.3) });
      }
      if (this.#late.length > 0 && this.#choices.chance(0.2)) this.#arrive();
      if (this.#choices.chance(0.1)) this.#changelog.compact(this.#choices);
      const ends = owner.position === length;
      const crash = crashes > 0 && this.#choices.chance(0.1);
      const goesOn = crash && this.#choices.chance(0.5);
      if (goesOn) this.#former.push(owner);
      else if (ends || crash || this.#choices.chance(0.15)) this.#write(owner, { cut: crash });
      if (crash) {
        crashes--;
        owner = await this.#begin();
      } else if (ends) return { owner, changelog: this.#changelog };
    }
  }

  async #begin(): Promise<JoinOwner> {
    const writesFacts = this.#choices.chance(0.2);
    const owner = await JoinOwner.begin(this.#spec, { log: this.#changelog.log, writesFacts });
    if (owner.isAhead) this.#met.ahead++;
    if (owner.elementsRead < owner.position / 4) this.#met.unread++;
    return owner;
  }

  #take(owner: JoinOwner): void {
    const at = owner.position;
    const caused = owner.take(this.#events[at]);
    if (this.#choices.chance(0.5)) owner.collect();
    const wanted = this.#wanted[at];
    for (const [key, texts] of caused) assertEquals(texts, wanted.get(key), `event ${at}, what it causes for ${key}`);
    for (const key of wanted.keys()) {
      if (caused.has(key)) continue;
      assert(this.#out[at].has(key), `event ${at} must cause something for ${key}, or have done so`);
      this.#met.passed++;
    }
  }

  /** What is written is brought out before. */
  #write(owner: JoinOwner, { cut }: { readonly cut: boolean }): void {
    const { made, parts } = owner.seal(this.#choices.of([1, 300, 5_000]));
    for (const { at, caused } of made) for (const [key, texts] of caused) this.#out[at].set(key, texts);
    const end = cut ? this.#choices.int(parts.length + 1) : parts.length;
    for (const part of parts.slice(0, end)) this.#changelog.append(part);
    if (!cut) return;
    // Nobody knows what was written: it would go on under another name.
    const place = this.#former.indexOf(owner);
    if (place >= 0) this.#former.splice(place, 1);
    if (end < parts.length) this.#late.push(parts.slice(end));
  }

  #arrive(): void {
    const at = this.#choices.int(this.#late.length);
    if (this.#choices.chance(0.2)) this.#late[at].length = 1;
    this.#changelog.append(this.#late[at].shift()!);
    if (this.#late[at].length === 0) this.#late.splice(at, 1);
  }
}

Deno.test("a join of streams makes the same and keeps the same, whatever crashes, goes on or comes late", async () => {
  const met: Met = { ahead: 0, passed: 0, unread: 0 };
  for (let seed = 1; seed <= SEEDS; seed++) {
    const random = mulberry32(seed);
    const [spec, events] = [streamSpec(random), randomEvents(random)];
    try {
      const { owner, changelog } = await new Run(spec, { events, choices: choicesOf(seed), met }).all();
      const undisturbed = await JoinOwner.begin(spec, new MemoryChangelog());
      for (const event of events) undisturbed.take(event);
      assertEquals(keptTexts(owner.operator), keptTexts(undisturbed.operator));
      const next = await JoinOwner.begin(spec, changelog);
      assertEquals(keptTexts(next.operator), keptTexts(undisturbed.operator), "and so does who comes next");
    } catch (cause) {
      throw new Error(`seed ${seed} ${JSON.stringify(spec)}`, { cause });
    }
  }
  assert(Object.values(met).every((times) => times > SEEDS / 4), JSON.stringify(met));
});
