import type { StreamJoinNode } from "../../../src/dsl/stream_nodes.ts";
import type { JoinedEvent } from "../../../src/oracle/joined_events.ts";
import type { StagePlan } from "../../../src/plan/physical.ts";
import type { NewRecord } from "../../../src/ports/log.ts";
import { StreamJoin, type StreamJoinSpec } from "../../../src/processor/stateful/stream_join.ts";
import { loadStage } from "../../../src/runtime/streams/stage_changelog.ts";
import { BatchFacts } from "../../../src/runtime/streams/stage_facts.ts";
import type { StoredBundles } from "../../../src/runtime/streams/stored_bundles.ts";
import { give, machine } from "../../processor/stateful/join_run.ts";
import { byKey, type Caused } from "../../processor/stateful/simulated_stage.ts";
import type { MemoryChangelog } from "./suppressed_owner.ts";

/** The node of a join of streams. */
export function nodeOf(spec: StreamJoinSpec): StreamJoinNode {
  return { op: "streamJoin", id: 2, name: "joined", inputs: [0, 1], groupBys: [() => null, () => null], ...spec };
}

/** A process that has the task of a join of streams, or believes so. */
export class JoinOwner {
  static #names = 0;
  readonly #machine: ReturnType<typeof machine>;
  readonly #name = `o${JoinOwner.#names++}`;
  readonly #print: string;
  /** As the version before bundles: a fact for each element. */
  readonly #writesFacts: boolean;
  #bundles!: StoredBundles;
  /** What is read back has events up to there; 0 when all of them came by. */
  #loadedTo: number;
  #facts = new BatchFacts();
  #from: number;
  position: number;
  /** So many elements were read back. */
  elementsRead = 0;
  /** What was made of the events of the open batch. */
  #made: { readonly at: number; readonly caused: Caused }[] = [];

  private constructor(
    spec: StreamJoinSpec,
    { loaded, writesFacts }: {
      readonly loaded: NonNullable<Awaited<ReturnType<typeof loadStage>>>;
      readonly writesFacts: boolean;
    },
  ) {
    this.#machine = machine((ports) => new StreamJoin(spec, ports));
    this.#print = loaded.print;
    this.#loadedTo = loaded.found.to;
    this.#writesFacts = writesFacts;
    this.position = this.#from = loaded.head?.to ?? 0;
  }

  static async begin(
    spec: StreamJoinSpec,
    { log, writesFacts = false }: Pick<MemoryChangelog, "log"> & { readonly writesFacts?: boolean },
  ): Promise<JoinOwner> {
    const plan = {
      ...{ index: 0, name: "stage.joined", node: nodeOf(spec), repartition: "repartition", changelog: "changelog" },
      ...{ nodes: [], lookups: [], sinks: [], outputs: [], shuffles: [] },
    } satisfies StagePlan;
    const loaded = (await loadStage(plan, { partition: 0, log, stopped: () => false }))!;
    const owner = new JoinOwner(spec, { loaded, writesFacts });
    const { bundles, elementsRead } = await loaded.found.into(owner.operator, () => Promise.resolve());
    owner.#bundles = bundles;
    owner.elementsRead = elementsRead;
    return owner;
  }

  get operator(): ReturnType<typeof machine>["operator"] {
    return this.#machine.operator;
  }

  /** Whether some keys are further than the task. */
  get isAhead(): boolean {
    const { elements } = this.operator;
    return [...elements.keys()].some((key) => elements.positionOf(key) > this.position);
  }

  /** Takes the event at its position; returns what it causes. */
  take(event: JoinedEvent): Caused {
    if (this.#loadedTo > 0 && this.position >= this.#loadedTo) {
      this.operator.elements.forgetPositions();
      this.#loadedTo = 0;
    }
    give(this.#machine, { event, offset: this.position });
    const caused = byKey(this.#machine.results());
    this.#made.push({ at: this.position++, caused });
    return caused;
  }

  /** A part of the batch was taken. */
  collect(): void {
    const { operator } = this;
    const { elements } = operator;
    this.#facts.collect(this.#writesFacts ? { elements } : operator, {
      from: this.#from,
      to: this.position,
      origins: {},
      saved: JSON.parse(JSON.stringify(operator.save())),
      print: this.#print,
      order: null,
    }, { bundles: this.#bundles });
  }

  /** Ends the batch: what is brought out, and then written. */
  seal(chars: number): { readonly made: { readonly at: number; readonly caused: Caused }[]; parts: NewRecord[][] } {
    this.collect();
    const parts = this.#facts.parts({ owner: this.#name, chars });
    const made = this.#made;
    [this.#facts, this.#from, this.#made] = [new BatchFacts(), this.position, []];
    return { made, parts };
  }
}
