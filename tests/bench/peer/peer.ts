import { startEmbeddedClickHouse } from "../../../src/adapters/embedded_clickhouse/clickhouse.ts";
import type { KafkaPlace } from "../places.ts";
import { type Measured, print } from "../report.ts";
import { compareAll, type Comparison } from "./compare.ts";
import type { AppFigures } from "./measured_process.ts";
import { measurePeer } from "./measure_peer.ts";
import { measureWeir, type WeirFigures } from "./measure_weir.ts";
import { buildPeer, loadDataSet } from "./peer_app.ts";
import { withLoad } from "./with_load.ts";

const UPDATES = 100_000;
const MIB = 2 ** 20;
/** From here on Kafka Streams is left out: its state would not fit into the memory that it is given. */
const ALONE_FROM_ORDERS = 1_000_000;
/**
 * A process of 2 GB, which is killed beyond that. State is outside of V8's heap, so little of it is for the heap; the
 * last of two flags of one name counts.
 */
const LIMITED = {
  bytesMax: 2_000_000_000,
  flags: ["--min-semi-space-size=16", "--max-semi-space-size=16", "--max-old-space-size=1000"],
};
const VARIANTS = ["fk", "global"] as const;

/** What is measured. */
export interface PeerSize {
  readonly orders: number;
  readonly variants: readonly string[];
}

/**
 * Weir beside Kafka Streams on the same topics of one broker: the sales topology with all four joins by foreign key
 * (`fk`), and with products, sellers and users replicated (`global`). With very many orders Weir alone, `fk`, in a
 * process of 2 GB. Every row that Weir shows is compared with a computation from scratch. As all this takes a while,
 * each block is printed when it is measured.
 */
export async function benchPeer(place: KafkaPlace, { orders, variants }: PeerSize): Promise<void> {
  const { log, broker, brokerPid, directory } = place;
  const java = await buildPeer(`${directory}/peer`);
  console.error(await loadDataSet(java, { broker, orders, updates: UPDATES }));
  const alone = orders >= ALONE_FROM_ORDERS;
  print([{
    name: "what is counted",
    figures: {
      Weir: "its process: program, state, clients of Kafka and ClickHouse",
      "Kafka Streams": "its process; it writes to a topic, not to ClickHouse",
      "not counted": "the broker; ClickHouse, embedded, in a process of its own",
      "wall times": "change with what others do on the machine; CPU seconds hardly do",
    },
  }]);
  for (const variant of variants.length > 0 ? variants : alone ? ["fk"] : VARIANTS) {
    const peer = alone
      ? null
      : await withLoad(`Kafka Streams, ${variant}`, () =>
        measurePeer({ java, log, broker, brokerPid, variant, directory: `${directory}/peer` }));
    if (peer !== null) print([{ name: peer.name, figures: { ...figuresOf(peer.value), ...peer.load } }]);
    const topology = `peer_${variant}`;
    const weir = await withLoad(
      `Weir, ${topology}`,
      () =>
        onOwnClickHouse(`${directory}/${topology}`, async (clickhouse) => {
          const figures = await measureWeir({
            ...place,
            clickhouseUrl: clickhouse.url,
            clickhousePid: clickhouse.pid,
            topology,
            directory: `${directory}/${topology}/weir`,
            ...(alone ? LIMITED : {}),
          });
          return { figures, comparison: await compareAll(log, { url: clickhouse.url, table: topology }) };
        }),
    );
    const own = weir.value;
    const figures = { ...figuresOf(own.figures), ...ownFigures(own.figures), ...weir.load, ...rowsOf(own.comparison) };
    print([{ name: weir.name, figures }]);
    if (peer !== null) {
      print([{ name: `${topology}: Weir to Kafka Streams`, figures: ratiosOf(own.figures, peer.value) }]);
    }
  }
}

/** A ClickHouse of its own for each run: what the one before has left to merge is not measured with the next. */
async function onOwnClickHouse<T>(
  path: string,
  action: (clickhouse: { readonly url: string; readonly pid: number }) => Promise<T>,
): Promise<T> {
  const clickhouse = await startEmbeddedClickHouse({ path: `${path}/clickhouse` });
  try {
    return await action(clickhouse);
  } finally {
    await clickhouse.close();
  }
}

function figuresOf(figures: AppFigures): Measured["figures"] {
  return {
    "CPU seconds": figures.cpuSeconds.toFixed(1),
    "peak MiB": Math.round(figures.peakBytes / MIB),
    "seconds from nothing": figures.seconds.toFixed(1),
    "restart: until every task runs": `${figures.restartSeconds.toFixed(1)} s`,
    "restart: first new row": `${figures.firstRowSeconds.toFixed(1)} s`,
    "restart: peak MiB": Math.round(figures.restartPeakBytes / MIB),
    "CPU seconds of the broker": figures.brokerCpuSeconds.toFixed(1),
  };
}

function ownFigures({ clickhouseCpuSeconds, restartCpuSeconds, holds }: WeirFigures): Measured["figures"] {
  const stops = holds.map(({ name, cpuMs, wallMs }) => [
    `longest stop of the loop, ${name}`,
    `${cpuMs.toFixed(0)} ms of CPU, ${wallMs.toFixed(0)} ms by the clock`,
  ]);
  return {
    "CPU seconds of a restart": restartCpuSeconds.toFixed(1),
    "CPU seconds of ClickHouse": clickhouseCpuSeconds.toFixed(1),
    ...Object.fromEntries(stops),
  };
}

function rowsOf({ expected, same, different, missing, extra, examples }: Comparison): Measured["figures"] {
  const right = same === expected && different + missing + extra === 0;
  return {
    "rows, against a computation from scratch": right
      ? `all ${expected} right`
      : `${same} of ${expected} right, ${different} different, ${missing} missing, ${extra} extra`,
    ...Object.fromEntries(examples.map((example, index) => [`example ${index + 1}`, example])),
  };
}

function ratiosOf(weir: AppFigures, peer: AppFigures): Measured["figures"] {
  const ratio = (of: (figures: AppFigures) => number) => `1 : ${(of(peer) / of(weir)).toFixed(1)}`;
  return {
    "CPU seconds": ratio(({ cpuSeconds }) => cpuSeconds),
    "peak memory": ratio(({ peakBytes }) => peakBytes),
    "seconds from nothing": ratio(({ seconds }) => seconds),
    "restart until every task runs": ratio(({ restartSeconds }) => restartSeconds),
  };
}
