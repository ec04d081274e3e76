import { startEmbeddedClickHouse } from "../../../src/adapters/embedded_clickhouse/clickhouse.ts";
import type { KafkaPlace } from "../places.ts";
import { type Measured, print } from "../report.ts";
import { measurePeerStreams, measureWeirStreams, type StreamsFigures } from "./measure_streams.ts";
import { buildPeer } from "./peer_app.ts";
import { compareResults, type ResultsComparison, shownByWeir, writtenByPeer } from "./streams_compare.ts";
import { COUNT_WINDOW_MS, JOIN_WITHIN_MS } from "./streams_events.ts";
import { loadEvents } from "./streams_load.ts";
import { expectedResults, type StreamsVariant } from "./streams_oracle.ts";
import { withLoad } from "./with_load.ts";

const VARIANTS: readonly StreamsVariant[] = ["count", "join"];
const SIZES = { windowMs: COUNT_WINDOW_MS, withinMs: JOIN_WITHIN_MS };
const MIB = 2 ** 20;

/** What is measured. */
export interface StreamsSize {
  /** Of both topics together. */
  readonly events: number;
  /** `count`, `join`; none: both. */
  readonly variants: readonly string[];
}

/**
 * Weir beside Kafka Streams on the same events of one broker: orders of each customer counted in tumbling windows
 * (`count`), and orders joined with payments near them (`join`). All results of both are compared with a computation
 * from scratch. Each block is printed when it is measured.
 * @throws TypeError for another variant, Error when results differ
 */
export async function benchStreams(place: KafkaPlace, { events, variants }: StreamsSize): Promise<void> {
  const { log, directory } = place;
  const chosen = variants.length > 0 ? variants.map(variantOf) : VARIANTS;
  const java = await buildPeer(`${directory}/peer`);
  const loaded = await loadEvents(log, { events });
  print([{
    name: "what is counted",
    figures: {
      Weir: "its process; it shows results in ClickHouse, and what it keeps is in Kafka",
      "Kafka Streams":
        "its process, two threads; state of the count in memory, of the join in RocksDB, which is faster there",
      "a crash while it works": "Weir counts once; Kafka Streams, at least once here, may count twice",
      "not counted": "the broker; ClickHouse, embedded, in a process of its own",
      restart: "behind `kill -9` at rest, with one order and one payment that came meanwhile",
      "wall times": "change with what others do on the machine; CPU seconds do less",
    },
  }]);
  for (const variant of chosen) {
    const expected = () => expectedResults(log, { ...SIZES, variant });
    const output = `bench-streams-${variant}-out`;
    const common = { ...place, loaded, variant };
    const peer = await withLoad(
      `Kafka Streams, ${variant}`,
      () => measurePeerStreams({ ...common, java, output, directory: `${directory}/peer` }),
    );
    let results = await expected();
    report(peer, compareResults(results, await writtenByPeer(log, output)));
    const total = variant === "join" ? results.size : totalOf(results);
    const path = `${directory}/streams_${variant}`;
    const clickhouse = await startEmbeddedClickHouse({ path: `${path}/clickhouse` });
    try {
      const weir = await withLoad(
        `Weir, ${variant}`,
        () => measureWeirStreams({ ...common, total, clickhouseUrl: clickhouse.url, directory: path }),
      );
      results = await expected();
      report(weir, compareResults(results, await shownByWeir(clickhouse.url, variant)));
      print([{ name: `${variant}: Weir to Kafka Streams`, figures: ratiosOf(weir.value, peer.value) }]);
    } finally {
      await clickhouse.close();
    }
  }
}

/** @throws TypeError */
function variantOf(name: string): StreamsVariant {
  const variant = VARIANTS.find((known) => known === name);
  if (variant === undefined) {
    throw new TypeError(`Cannot measure "${name}" of streams: there is ${VARIANTS.join(", ")}`);
  }
  return variant;
}

function totalOf(counts: ReadonlySet<string>): number {
  return counts.values().reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf("\t") + 1)), 0);
}

/** @throws Error when results differ, behind the figures */
function report(
  { name, value, load }: { readonly name: string; readonly value: StreamsFigures; readonly load: Measured["figures"] },
  { expected, right, missing, extra, examples }: ResultsComparison,
): void {
  const allRight = missing + extra === 0;
  const results = allRight
    ? `all ${expected} right`
    : `${right} of ${expected} right, ${missing} missing, ${extra} extra`;
  const shown = Object.fromEntries(examples.map((example, index) => [`example ${index + 1}`, example]));
  const compared = { "results, against a computation from scratch": results, ...shown };
  print([{ name, figures: { ...figuresOf(value), ...load, ...compared } }]);
  if (!allRight) throw new Error(`Cannot take the figures of "${name}": its results differ from the computation`);
}

function figuresOf(figures: StreamsFigures): Measured["figures"] {
  return {
    records: figures.records,
    seconds: figures.seconds.toFixed(1),
    "CPU seconds": figures.cpuSeconds.toFixed(1),
    "records per CPU second": Math.round(perCpuSecond(figures)),
    "peak MiB": Math.round(figures.peakBytes / MIB),
    "restart: until every task runs": `${figures.restartSeconds.toFixed(1)} s`,
    "restart: first new result": `${figures.firstResultSeconds.toFixed(1)} s`,
    "restart: CPU seconds until both": figures.restartCpuSeconds.toFixed(1),
    "restart: peak MiB": Math.round(figures.restartPeakBytes / MIB),
    "CPU seconds of the broker": figures.brokerCpuSeconds.toFixed(1),
  };
}

function ratiosOf(weir: StreamsFigures, peer: StreamsFigures): Measured["figures"] {
  const times = (ratio: number) => `${ratio.toFixed(2)} times`;
  const share = (of: (figures: StreamsFigures) => number) => times(of(weir) / of(peer));
  return {
    "records per CPU second": share(perCpuSecond),
    seconds: share(({ seconds }) => seconds),
    "peak memory": share(({ peakBytes }) => peakBytes),
    "restart: until every task runs": share(({ restartSeconds }) => restartSeconds),
    "restart: first new result": share(({ firstResultSeconds }) => firstResultSeconds),
    "restart: CPU seconds": share(({ restartCpuSeconds }) => restartCpuSeconds),
  };
}

function perCpuSecond({ records, cpuSeconds }: StreamsFigures): number {
  return records / cpuSeconds;
}
