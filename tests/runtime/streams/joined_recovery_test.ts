import { assert, assertEquals } from "@std/assert";
import type { JoinedEvent } from "../../../src/oracle/joined_events.ts";
import { computeStreamJoin } from "../../../src/oracle/stream_join_oracle.ts";
import type { StreamJoinSpec } from "../../../src/processor/stateful/stream_join.ts";
import { mulberry32 } from "../../../src/record/mulberry32.ts";
import { type Choices, choicesOf } from "../../oracle/random.ts";
import { keptTexts } from "../../processor/stateful/durable_elements.ts";
import { randomEvents, streamSpec } from "../../processor/stateful/random_joins.ts";
import { byKey, type Caused } from "../../processor/stateful/simulated_stage.ts";
import { JoinOwner } from "./joined_owner.ts";
import { DisturbedWrites } from "./disturbed_writes.ts";
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
  readonly #writes: DisturbedWrites<JoinOwner>;
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
    this.#writes = new DisturbedWrites(events.length, choices);
  }

  /** Returns the last owner and the changelog, all of it written. */
  async all(): Promise<{ readonly owner: JoinOwner; readonly changelog: MemoryChangelog }> {
    const { length } = this.#events;
    for (let owner = await this.#begin(), crashes = 6;;) {
      if (owner.position < length) this.#take(owner);
      const former = this.#writes.former.length === 0 ? undefined : this.#choices.of(this.#writes.former);
      if (former !== undefined && former.position < length && this.#choices.chance(0.7)) {
        this.#take(former);
        if (this.#choices.chance(0.2)) this.#writes.write(former, { cut: this.#choices.chance(0.3) });
      }
      if (this.#writes.late.length > 0 && this.#choices.chance(0.2)) this.#writes.arrive();
      if (this.#choices.chance(0.1)) this.#writes.changelog.compact(this.#choices);
      const ends = owner.position === length;
      const crash = crashes > 0 && this.#choices.chance(0.1);
      const goesOn = crash && this.#choices.chance(0.5);
      if (goesOn) this.#writes.former.push(owner);
      else if (ends || crash || this.#choices.chance(0.15)) this.#writes.write(owner, { cut: crash });
      if (crash) {
        crashes--;
        owner = await this.#begin();
      } else if (ends) return { owner, changelog: this.#writes.changelog };
    }
  }

  async #begin(): Promise<JoinOwner> {
    const writesFacts = this.#choices.chance(0.2);
    const owner = await JoinOwner.begin(this.#spec, { log: this.#writes.changelog.log, writesFacts });
    if (owner.isAhead) this.#met.ahead++;
    if (owner.elementsRead < owner.position / 4) this.#met.unread++;
    return owner;
  }

  #take(owner: JoinOwner): void {
    const at = owner.position;
    const caused = owner.take(this.#events[at]);
    if (this.#choices.chance(0.5)) owner.collect();
    this.#met.passed += this.#writes.judge(at, { caused, wanted: this.#wanted[at] });
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
