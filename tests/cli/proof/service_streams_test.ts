import { assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { z } from "zod";
import { guarded } from "../../../src/cli/api/guard.ts";
import { serveHttp } from "../../../src/cli/http_server.ts";
import { askInstance, errorIn } from "../../../src/cli/instances/ask_instance.ts";
import { PROOF_PATH, proofRoutes } from "../../../src/cli/proof/proof_routes.ts";
import { Prover } from "../../../src/cli/proof/prover.ts";
import { provedAppends } from "../../../src/cli/proof/proved_appends.ts";
import { provedSinks } from "../../../src/cli/proof/proved_sinks.ts";
import { serviceStreams } from "../../../src/cli/proof/service_streams.ts";
import { Standings } from "../../../src/cli/proof/standing.ts";
import { readRecords, recordsIn } from "../../../src/cli/proof/told_records.ts";
import { tellTopics } from "../../../src/cli/proof/told_topics.ts";
import { ToldProof } from "../../../src/cli/proof/told_proof.ts";
import type { ShownRun } from "../../../src/cli/start/shown_run.ts";
import { clickhouse, clickhouseAppend, count, events, topic, type Topology, topology } from "../../../src/mod.ts";
import { openStepLog, StepRun } from "../../runtime/step_run.ts";
import { permitted } from "../support.ts";

const PASSWORD = "a secret";
const TOPIC = "shop.logins";

/** Everything that is made of a topic. */
function loginsOf({ masks }: { readonly masks: boolean }): Topology {
  const row = z.object({ n: z.int(), email: z.string() });
  const logins = events(TOPIC, { row, ...masks ? { mask: ["email"] } : {} });
  return topology("logins", (builder) => {
    const stream = builder.stream(logins);
    stream.to(clickhouseAppend("seen", { columns: { n: "Int64", email: "String" }, orderBy: ["n"] }));
    const totals = stream.groupBy(({ n }) => ({ n })).aggregate("per_number", { logins: count() });
    totals.to(clickhouse("totals", { key: ["n"], columns: { n: "Int64", logins: "UInt64" } }));
    totals.to(topic("shop.totals", { key: z.object({ n: z.int() }), partitions: 1 }));
  });
}

/** An instance that runs it, as a service meets it. */
async function instanceOf(
  declared: Topology,
  { shows = true, isService = true }: { readonly shows?: boolean; readonly isService?: boolean } = {},
) {
  const { clock, log } = await openStepLog({ [TOPIC]: 2 });
  const value = new Uint8Array([...new TextEncoder().encode('{"n":7,"email":"a@b.c"}')]);
  await log.append([{ topic: TOPIC, partition: 1, records: [{ key: "7", value }, { key: "8", value }] }]);
  const run = new StepRun(declared, { clock, ports: { log } }).start();
  await run.settled();
  const shown = { name: declared.name, state: "running", runner: run.runner } as unknown as ShownRun;
  const runs = { revision: { weir: "1", topologies: "a" }, imported: [], topologies: ["logins"], shows };
  const told = isService ? new ToldProof({ onReport: () => {}, onEvent: () => {} }) : null;
  const routes = proofRoutes({ runs, standings: new Standings([shown], { password: PASSWORD }), told });
  const server = serveHttp({ host: "127.0.0.1", port: 0 }, guarded(routes, { password: PASSWORD }));
  const streams = serviceStreams(async ({ kind, topology }, question) => {
    const path = `${PROOF_PATH}/${kind}/${topology}`;
    const reply = await askInstance(server.url, { path, ...question, password: PASSWORD });
    if (reply.status !== 200) throw new Error(`${reply.status}: ${errorIn(reply)}`);
    return JSON.parse(reply.text);
  }, { shows });
  const end = async () => {
    await server.close();
    await told?.stop();
    await run.stop();
    await log.close();
  };
  return { log, run, server, streams, [Symbol.asyncDispose]: end };
}

const asked = { topic: TOPIC, partition: 1, from: 0, to: 2 };

Deno.test({
  name: "a service is told what the log has of streams, record by record, with the password",
  ignore: !permitted,
  fn: async () => {
    const declared = loginsOf({ masks: false });
    await using instance = await instanceOf(declared);
    const { streams, log, run, server } = instance;
    const { plan } = run.runner.instance!.topics;
    assertEquals(await streams.topics("logins"), await tellTopics(log, plan));
    const brought = await streams.brought("logins");
    assertEquals(brought.map(({ partition, to }) => [partition, to]), [[0, 0], [1, 2]]);
    const records = await streams.records("logins", asked);
    assertEquals(records, recordsIn((await readRecords(log, asked))!));
    assertEquals(records!.records.map(({ key }) => key), ["7", "8"]);
    const other = { ...asked, topic: "shop.secrets" };
    await assertRejects(() => streams.records("logins", other), Error, 'reads topic "shop.secrets"');
    const reply = await askInstance(server.url, { path: `${PROOF_PATH}/records/logins`, password: "wrong" });
    assertEquals(reply.status, 401);

    const left = (withheld: string | null) => [
      ...provedSinks(declared, { withheld }).leftOut,
      ...provedAppends(declared, { withheld }).appendsLeftOut,
    ];
    assertEquals(left(streams.withheld(declared)), []);
  },
});

Deno.test({
  name: "a service is given no records of what is masked, or hidden, and says of each table why it is left out",
  ignore: !permitted,
  fn: async () => {
    for (
      const [declared, shows, why] of [
        [loginsOf({ masks: true }), true, "they hold what the topology masks"],
        [loginsOf({ masks: false }), false, "WEIR_CONSOLE_ROWS hides them"],
      ] as const
    ) {
      await using instance = await instanceOf(declared, { shows });
      const { streams } = instance;
      await assertRejects(() => streams.records("logins", asked), Error, why);
      const reader = () => {
        throw new TypeError("nothing is compared");
      };
      const prover = new Prover({
        topologies: [declared],
        source: { open: reader, unsent: () => Promise.resolve(null), close: () => Promise.resolve() },
        ...{ shown: reader, appended: reader, streams },
        standing: () => Promise.resolve({ paused: null, elsewhere: false, excuse: null }),
        applied: () => Promise.resolve(true),
        pace: { rangeRows: 7, rowsMax: 100, breathe: () => Promise.resolve(), nowMs: () => 0 },
      });
      const { sinks, leftOut } = prover.report();
      assertEquals([sinks, leftOut.map(({ sink }) => sink).sort()], [[], ["seen", "shop.totals", "totals"]]);
      for (const { reason } of leftOut) assertStringIncludes(reason, why);
    }
    await using alone = await instanceOf(loginsOf({ masks: false }), { isService: false });
    await assertRejects(() => alone.streams.records("logins", asked), Error, "409");
  },
});
