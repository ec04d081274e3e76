import type { AppendSpec } from "../../dsl/append_sink.ts";
import type { ColumnTypes } from "../../dsl/sink.ts";
import type { Topology } from "../../dsl/topology.ts";
import { AppendProver } from "./append_prover.ts";
import { FollowedTotals } from "./followed_totals.ts";
import { OF_THE_LOG } from "./look_totals.ts";
import type { ProofPace } from "./proof_pace.ts";
import type { LeftOut, ProofReport, SinkProof } from "./proof_report.ts";
import type { ProofSource } from "./proof_source.ts";
import { provedAppends } from "./proved_appends.ts";
import type { ProvenStreams } from "./proven_streams.ts";
import { type ProvedSink, provedSinks } from "./proved_sinks.ts";
import type { AppendReader } from "./shown_appends.ts";
import type { ShownReader } from "./shown_sink.ts";
import { ShownTopic } from "./shown_topic.ts";
import { SinkProver } from "./sink_prover.ts";
import type { Suspect } from "./suspects.ts";

/** How a topology stands, as far as it can be compared. */
export interface Standing {
  /** Why it cannot be compared now; null: it can. */
  readonly paused: string | null;
  /** Another instance compares it. */
  readonly elsewhere: boolean;
  /** What Weir says itself of rows that are older than the source; null: nothing. */
  readonly excuse: string | null;
}

/** What a proof looks at, and whom it asks. */
export interface ProverParts {
  readonly topologies: readonly Topology[];
  readonly source: ProofSource;
  readonly shown: (sink: ProvedSink, columns: ColumnTypes) => ShownReader;
  readonly standing: (topology: string) => Promise<Standing>;
  /** Resolves when everything that the log has now shows in ClickHouse; to false if that cannot be said. */
  readonly applied: (topology: string) => Promise<boolean>;
  readonly streams: ProvenStreams;
  readonly appended: (spec: AppendSpec) => AppendReader;
  readonly pace: ProofPace;
}

/** What is compared of one topology. */
interface TopologyProver {
  readonly topology: string;
  readonly sinks: readonly SinkProver[];
  readonly appends: readonly AppendProver[];
}

function columnsOf({ nodes }: Topology, { plan: { name } }: ProvedSink): ColumnTypes {
  const node = nodes.find((one) => one.op === "sink" && one.sink.name === name)!;
  return (node as Extract<typeof node, { op: "sink" }>).sink.columns;
}

/** Looks behind each other at keys about which one more could decide. */
const LOOKS_AT_ONCE = 3;
/** What is told of a side that does not answer. */
const CAUSE_LENGTH_MAX = 300;

/** Compares the sinks of topologies with their source, again and again, while everything runs. */
export class Prover {
  readonly #parts: ProverParts;
  readonly #leftOut: readonly LeftOut[];
  readonly #provers: readonly TopologyProver[];

  constructor(parts: ProverParts) {
    this.#parts = parts;
    const { streams } = parts;
    const plans = parts.topologies.map((topology) => {
      const withheld = streams.withheld(topology);
      return { topology, ...provedSinks(topology, { withheld }), ...provedAppends(topology, { withheld }) };
    });
    this.#leftOut = plans.flatMap(({ leftOut, appendsLeftOut }) => [...appendsLeftOut, ...leftOut]);
    this.#provers = plans.map(({ topology, sinks, appends }) => {
      // All sinks of a topology go by what is read once.
      const totals = new FollowedTotals(topology, { streams, pace: parts.pace });
      return {
        topology: topology.name,
        appends: appends.map((spec) =>
          new AppendProver({ topology, spec, shown: parts.appended(spec), streams }, parts.pace)
        ),
        sinks: sinks.map((sink) => {
          const shown = sink.plan.table.output === undefined
            ? parts.shown(sink, columnsOf(topology, sink))
            : new ShownTopic(sink.plan, { topology: topology.name, streams, pace: parts.pace });
          const compared = { topology, sink, shown, source: parts.source };
          return new SinkProver({ ...compared, totals: sink.folded.length === 0 ? null : totals }, parts.pace);
        }),
      };
    });
  }

  /** One turn of each topology: the rows that come next, and another look at those that differed. */
  async turn(): Promise<void> {
    for (const prover of this.#provers) {
      const { paused } = await this.#standing(prover);
      if (paused === null) await this.#turnOf(prover);
    }
  }

  async #standing({ topology, sinks, appends }: TopologyProver): Promise<Standing> {
    const standing = await this.#parts.standing(topology);
    for (const sink of [...sinks, ...appends]) {
      sink.paused = standing.paused;
      sink.elsewhere = standing.elsewhere;
      if (standing.elsewhere) sink.forget();
    }
    return standing;
  }

  async #turnOf(prover: TopologyProver): Promise<void> {
    const { topology, sinks, appends } = prover;
    for (const append of appends) {
      if ((await this.#standing(prover)).paused !== null) return;
      await this.#attempt([append], () => append.next());
    }
    for (const sink of sinks) {
      const { excuse, paused } = await this.#standing(prover);
      if (paused !== null) return;
      await this.#attempt([sink], () => sink.next(excuse));
    }
    for (let look = 0; look < LOOKS_AT_ONCE; look++) {
      const doubtful = sinks.filter(({ suspects, leftOut }) => leftOut === null && suspects.keys.length > 0);
      if (doubtful.length === 0 || (look > 0 && !doubtful.some(({ undecided }) => undecided))) return;
      const ready = await this.#attempt(doubtful, () => this.#applied(topology, doubtful));
      // The answer is of the time behind what was applied: what became excusable meanwhile is excused.
      const { excuse, paused } = await this.#standing(prover);
      if (ready === undefined || ready.size === 0 || paused !== null) return;
      for (const [sink, keys] of ready) await this.#attempt([sink], () => sink.again(keys, excuse));
    }
  }

  /**
   * The keys of which all is applied that the last look at them saw; why it is not yet is told. Those that were seen
   * later wait for their own turn: else what comes all the time would keep the others waiting for ever.
   */
  async #applied(
    topology: string,
    doubtful: readonly SinkProver[],
  ): Promise<ReadonlyMap<SinkProver, readonly Suspect[]>> {
    const unsent = new Map<string, string | null>();
    const ready = new Map<SinkProver, readonly Suspect[]>();
    for (const sink of doubtful) {
      for (const { mark } of sink.suspects.keys) {
        if (unsent.has(mark)) continue;
        unsent.set(mark, mark === OF_THE_LOG ? null : await this.#parts.source.unsent(mark));
      }
      const sent = sink.suspects.keys.filter(({ mark }) => unsent.get(mark) === null);
      sink.waits = sent.length > 0 ? null : unsent.get(sink.suspects.keys[0].mark)!;
      if (sent.length > 0) ready.set(sink, sent);
    }
    if (ready.size === 0 || await this.#parts.applied(topology)) return ready;
    for (const sink of ready.keys()) sink.waits = "Weir has not applied yet what the source had then";
    return new Map();
  }

  /** Pauses those for whom a side does not answer. */
  async #attempt<T>(sinks: readonly (SinkProver | AppendProver)[], act: () => Promise<T>): Promise<T | undefined> {
    try {
      return await act();
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      for (const sink of sinks) sink.paused = reason.slice(0, CAUSE_LENGTH_MAX);
      return undefined;
    }
  }

  /** What is known now. */
  report(): ProofReport {
    const provers = this.#provers.flatMap(({ sinks, appends }) => [...sinks, ...appends]);
    const dropped = provers.flatMap(({ leftOut, elsewhere, paused, topology, sink }): LeftOut[] => {
      const place = { topology, sink };
      if (elsewhere && leftOut === null) return [{ ...place, reason: paused!, elsewhere }];
      return leftOut === null ? [] : [{ ...place, reason: leftOut }];
    });
    const here = provers.filter(({ leftOut, elsewhere }) => leftOut === null && !elsewhere);
    const sinks: SinkProof[] = here.map((prover) => prover.report());
    return { sinks, leftOut: [...this.#leftOut, ...dropped] };
  }
}
