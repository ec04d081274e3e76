import { createTopologyTestDriver, type TopologyTestDriver } from "../../src/testing/mod.ts";
import { type Comparison, EQUAL, type Interpreter, type Verdict } from "./interpreter.ts";
import type { Case, Step } from "./recorded.ts";
import { causedBy, EVENTS, type RecastStream, resultText } from "./stream_outputs.ts";
import { recast } from "./stream_topologies.ts";
import { SOURCES } from "./table_topologies.ts";
import { isTextByText, type TextByText } from "./tables.ts";

/** Streams: what each input record causes must be exactly what it caused in Kafka Streams, in order, with its time. */
export const STREAMS: Interpreter = {
  notCompared: [],
  understands: (recorded) => recast(recorded) !== null && recorded.steps.every(isTextByText),
  // Elsewhere what is told, or in what order, depends on the time of all keys.
  partitions: (recorded) => recast(recorded)!.byKeyAlone === true ? [1, 3] : [1],
  async run(recorded, { partitions }) {
    const recasted = recast(recorded)!;
    await using driver = createTopologyTestDriver(recasted.topology, { cleanup: "delete", partitions });
    await driver.settle();
    return await new Run(recorded, recasted, { driver }).all();
  },
};

class Run {
  readonly #recorded: Case;
  readonly #recasted: RecastStream;
  readonly #driver: TopologyTestDriver;
  /** By output: the rows that there were after the last step, as texts. */
  readonly #seen = new Map<string, readonly string[]>();

  constructor(recorded: Case, recasted: RecastStream, { driver }: { readonly driver: TopologyTestDriver }) {
    this.#recorded = recorded;
    this.#recasted = recasted;
    this.#driver = driver;
  }

  async all(): Promise<Comparison> {
    const steps: Verdict[] = [];
    for (const [index, step] of this.#recorded.steps.entries()) {
      this.#write(step);
      await this.#driver.settle();
      steps.push(...this.#compare(step, `after step ${index + 1}, ${JSON.stringify({ ...step, out: undefined })}`));
    }
    const late = [...this.#compareLate(), ...this.#compareDropped(steps)];
    await this.#driver.restart();
    const end = Object.entries(this.#recasted.results).map(([topic, sink]) => {
      const rows = this.#driver.appended(sink).length;
      return rows === this.#seen.get(topic)!.length ? EQUAL : different(`"${topic}" has ${rows} rows after a restart`);
    });
    return { steps, end: [...end, ...late] };
  }

  #write(step: Step): void {
    const { topic, key, value, ts: timestampMs } = step as TextByText;
    if (!this.#recasted.tables?.includes(topic)) return this.#driver.send(EVENTS[topic], { key, value, timestampMs });
    this.#driver.raw(SOURCES[topic], {
      key: key === null ? null : JSON.stringify({ id: key }),
      value: value === null ? null : JSON.stringify({ id: key, value }),
      timestampMs,
    });
  }

  /** One verdict for each output. */
  #compare(step: Step, at: string): Verdict[] {
    const { out } = step;
    const { results, without = {} } = this.#recasted;
    const unknown = out.filter(({ topic = "out" }) => !(topic in results) && !(topic in without));
    return [
      ...Object.keys(results).map((topic) => this.#judge(topic, { step, at })),
      ...Object.entries(without).map(([topic, reason]): Verdict => ({
        kind: "declared",
        reason: `output "${topic}" is not compared: ${reason}`,
      })),
      ...unknown.map(({ topic }) => different(`"${topic}" ${at}: the topology has no such output`)),
    ];
  }

  #judge(output: string, { step, at }: { readonly step: Step; readonly at: string }): Verdict {
    const isNow = (result: string) => !this.#recasted.late?.(result);
    const own = this.#fresh(output).filter(isNow);
    const theirs = causedBy(step, output).filter(isNow);
    if (own.join() === theirs.join()) return EQUAL;
    const reason = this.#recasted.instead?.(step, own) ?? null;
    if (reason !== null) return { kind: "declared", reason };
    return different(
      `"${output}" ${at}: Weir gives ${own.join() || "nothing"}, Kafka Streams ${theirs.join() || "nothing"}`,
    );
  }

  /** All that Kafka Streams may tell later, over the whole case. */
  #compareLate(): Verdict[] {
    const { late, results } = this.#recasted;
    if (late === undefined) return [];
    return Object.keys(results).map((output) => {
      const own = this.#seen.get(output)!.filter(late).sort();
      const theirs = this.#recorded.steps.flatMap((step) => causedBy(step, output)).filter(late).sort();
      return own.join() === theirs.join()
        ? EQUAL
        : different(`"${output}": Weir gives ${own}, Kafka Streams ${theirs}`);
    });
  }

  /** Records that changed nothing: those counted, those that are no record of their topic, and those left out above. */
  #compareDropped(steps: readonly Verdict[]): Verdict[] {
    const { droppedRecordsTotal: recorded, steps: inputs } = this.#recorded;
    if (recorded === undefined) return [];
    const { leavesOut = () => false, droppedInstead } = this.#recasted;
    const counted = this.#driver.dropped();
    const sum = (drops: typeof counted) => drops.reduce((total, { count }) => total + count, 0);
    const own = sum(counted) + this.#driver.deadLetters().length + inputs.filter(leavesOut).length;
    if (own === recorded) return [EQUAL];
    const late = sum(counted.filter(({ reason }) => reason === "late"));
    const declared = steps.filter(({ kind }) => kind === "declared").length;
    const reason = droppedInstead?.({ recorded, own, late, declared }) ?? null;
    if (reason !== null) return [{ kind: "declared", reason }];
    return [different(`Weir leaves out ${own} records, Kafka Streams ${recorded}: ${JSON.stringify(counted)}`)];
  }

  /** Rows that were not there after the last step: key, value and time. */
  #fresh(output: string): string[] {
    const rows = this.#driver.appended(this.#recasted.results[output])
      .map(({ key, value, at }) => resultText(key, { value, ms: Number(at) }));
    const before = [...this.#seen.get(output) ?? []];
    this.#seen.set(output, rows);
    return rows.filter((row) => {
      const known = before.indexOf(row);
      if (known >= 0) before.splice(known, 1);
      return known < 0;
    });
  }
}

function different(detail: string): Verdict {
  return { kind: "different", detail };
}
