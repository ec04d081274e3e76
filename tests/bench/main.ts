import { parseArgs } from "node:util";
import sales from "../../topologies/sales.ts";
import { benchChurn } from "./churn.ts";
import { benchConsole } from "./console_open.ts";
import { benchExactlyOnce } from "./exactly_once.ts";
import { benchLatency } from "./latency.ts";
import { benchPeer } from "./peer/peer.ts";
import { benchStreams } from "./peer/streams.ts";
import { onEmbedded, onKafka } from "./places.ts";
import { type Measured, print } from "./report.ts";
import salesGlobal from "./sales_global.ts";
import { benchStandby } from "./standby.ts";
import { START_ENVIRONMENT, START_FLAGS } from "./start_task.ts";
import { benchFirstStart, benchStartup } from "./startup.ts";
import { benchThroughput } from "./throughput.ts";

const HELP = `deno task bench [which...]: figures of this machine, one after the other

  embedded   embedded log and ClickHouse: load, backlog of changes, restart
  kafka      the same on a real Kafka, with orders partitioned and global (needs Java, Maven)
  console    a backlog in turn with the page closed and open (a reader of /api/state, and one of a tap): the ratio of
             processor time for each record, beside that of closed parts among themselves; of twice --changes
  latency    log append to visible row at 5, 500 and 2,000 changes/s, embedded
  latency-kafka  the same on a real Kafka (needs Java, Maven)
  startup    a warm start to the first new order in ClickHouse, and a first start to all tables of the demo
  million    restart with a million stored rows
  standby    a take-over of a million rows: from the log, from snapshots, and from a standby
  memory     bytes per stored row
  state      rows as columns beside rows as objects: bytes a row, ns an operation
  churn      queries on a table whose rows come and go, before and after \`cleanup\`
  exactly-once  events into a topic of a real Kafka, exactly once beside at least once (needs Java, Maven)
  stage      the start of a stage from the changelog of a join, and of a count, without any service
  stall      longest hold of the event loop in every phase of a start and of a rebalance
  fan-out    one row that a million others use is changed: processor time for each, longest hold of the loop
  many       many topologies of many tasks in one process: until all run, at rest, a rebalance
  many-kafka  the same on a real Kafka (needs Java, Maven)
  soak       an hour of steady work: whether memory and files grow, the longest hold of the loop
  peer [fk] [global]  Weir beside Kafka Streams on the same topics of a real Kafka, ratios printed, every row compared
             with a computation from scratch (needs Java 17 with javac, Maven, 12 GB of memory, 15 GB of disk)
  streams [count] [join]  the same for events: a count in tumbling windows, and a join of two streams within a window;
             records per CPU second, and a restart behind \`kill -9\` (needs Java 17 with javac, Maven)
  (none)     all but soak and those on a real Kafka

  --live N      rows of the churning table (default 100000)
  --orders N    orders of the store (default 60000; for peer 200000, which are 980,000 records; from 1000000 on Weir
                alone, in a process of 2 GB)
  --events N    events of streams, of both topics together, and of exactly-once (default 1000000)
  --changes N   changes of the backlog, or of the churning table (default 300000)
  --groups N    groups of one home for stall (default 500000)
  --partitions N  tasks of each table for stall (default 48) and many (default 100)
  --topologies N  topologies for many (default 20)
  --rows N      rows of each table for many (default 2000), or N/M: M of the global table
  --users N     rows that use the one of fan-out (default 1000000)
  --seconds N   of soak (default 3600)
  --rate N      changes a second of soak (default 2000)

One million rows after fifty million changes: deno task bench churn --live 1000000 --changes 50000000`;

/** Pauses of the garbage collector, which grow with the heap whatever the program does, would hide the program's. */
const STALL_FLAGS = ["--max-semi-space-size=16", "--initial-old-space-size=8000", "--max-old-space-size=12000"];

/** About a sixth of the events of `streams`. */
const STAGE_EVENTS = "166000";

/** Needs more than this machine, or more time than one waits for. */
const ASKED_FOR = ["soak", "peer", "streams", "kafka", "latency-kafka", "many-kafka", "exactly-once"];

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    live: { type: "string", default: "100000" },
    orders: { type: "string" },
    events: { type: "string", default: "1000000" },
    changes: { type: "string", default: "300000" },
    groups: { type: "string", default: "500000" },
    partitions: { type: "string" },
    topologies: { type: "string", default: "20" },
    rows: { type: "string", default: "2000" },
    users: { type: "string", default: "1000000" },
    seconds: { type: "string", default: "3600" },
    rate: { type: "string", default: "2000" },
    help: { type: "boolean", default: false },
  },
});
const size = { orders: Number(values.orders ?? "60000"), changes: Number(values.changes) };

const many = [values.topologies, values.partitions ?? "100", values.rows];

/** `peer fk` and `streams join` measure one of both. */
const variants = ["peer", "streams"].includes(positionals[0]) ? positionals.splice(1) : [];

const benches: Readonly<Record<string, () => Promise<readonly Measured[]>>> = {
  embedded: () => onEmbedded((place) => benchThroughput("embedded", { topology: sales, ...place }, size)),
  kafka: async () => [
    ...await onKafka((place) => benchThroughput("kafka, orders partitioned", { topology: sales, ...place }, size)),
    ...await onKafka((place) => benchThroughput("kafka, orders global", { topology: salesGlobal, ...place }, size)),
  ],
  console: () =>
    onEmbedded((place) => benchConsole({ topology: sales, ...place }, { ...size, changes: 2 * size.changes })),
  latency: () => onEmbedded((place) => benchLatency("embedded", { topology: sales, ...place })),
  "latency-kafka": () => onKafka((place) => benchLatency("kafka", { topology: sales, ...place })),
  startup: async () => [await benchStartup(), await benchFirstStart()],
  million: () =>
    onEmbedded(async (place) => {
      const measured = await benchThroughput("a million rows", { topology: sales, ...place }, {
        orders: 165_000,
        changes: 0,
      });
      return measured.slice(-2);
    }),
  standby: () => onEmbedded((place) => benchStandby({ topology: sales, ...place }, { orders: 165_000 })),
  churn: () => onEmbedded((place) => benchChurn(place, { live: Number(values.live), changes: size.changes })),
  stall: () => apart("stall.ts", { flags: STALL_FLAGS, args: [values.groups, values.partitions ?? "48"] }),
  "fan-out": () => apart("fan_out.ts", { flags: START_FLAGS, args: [values.users] }),
  many: () => apart("many.ts", { flags: [], args: many }),
  "many-kafka": () => onKafka(({ broker }) => apart("many.ts", { flags: [], args: [...many, broker] })),
  peer: async () => {
    const orders = Number(values.orders ?? "200000");
    await onKafka((place) => benchPeer(place, { orders, variants }), { topics: false });
    return [];
  },
  streams: async () => {
    await onKafka((place) => benchStreams(place, { events: Number(values.events), variants }), { topics: false });
    return [];
  },
  "exactly-once": () =>
    onKafka((place) => benchExactlyOnce(place, { events: Number(values.events) }), { topics: false }),
  stage: () => apart("stage_start.ts", { flags: [...START_FLAGS, "--expose-gc"], args: [STAGE_EVENTS] }),
  memory: () => apart("memory.ts", { flags: ["--expose-gc"], args: [] }),
  state: () => apart("state.ts", { flags: ["--expose-gc"], args: [] }),
  soak: () => apart("soak.ts", { flags: [...START_FLAGS, "--expose-gc"], args: [values.seconds, values.rate] }),
};

/** Runs a benchmark as a process of its own, which prints its figures as one line of JSON. */
async function apart(
  script: string,
  { flags, args }: { readonly flags: readonly string[]; readonly args: readonly string[] },
): Promise<Measured[]> {
  const path = new URL(script, import.meta.url).pathname;
  const run = ["run", "-A", `--v8-flags=${flags.join(",")}`, path, ...args];
  const { stdout } = await new Deno.Command(Deno.execPath(), { args: run, env: START_ENVIRONMENT, stderr: "inherit" })
    .output();
  const name = script.replace(".ts", "");
  return [{ name, figures: JSON.parse(new TextDecoder().decode(stdout)) }];
}

if (values.help) console.log(HELP);
else {
  const chosen = positionals.length > 0
    ? positionals
    : Object.keys(benches).filter((name) => !ASKED_FOR.includes(name));
  const unknown = chosen.filter((name) => !(name in benches));
  if (unknown.length > 0) {
    console.error(`Cannot run "${unknown[0]}": there is ${Object.keys(benches).join(", ")}`);
    Deno.exit(2);
  }
  for (const name of chosen) print(await benches[name]());
}
