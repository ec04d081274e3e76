import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { guarded } from "../../../src/cli/api/guard.ts";
import { readConfiguration } from "../../../src/cli/config/configuration.ts";
import { serveHttp } from "../../../src/cli/http_server.ts";
import type { ProofReport } from "../../../src/cli/proof/proof_report.ts";
import { programOf, proofRoutes } from "../../../src/cli/proof/proof_routes.ts";
import { ProofService } from "../../../src/cli/proof/proof_service.ts";
import type { Standing } from "../../../src/cli/proof/prover.ts";
import { ToldProof } from "../../../src/cli/proof/told_proof.ts";
import { permitted, runMain, startMain } from "../support.ts";
import { NOTHING_OPEN } from "./nothing_open.ts";

const PASSWORD = "a secret";
const revision = { weir: "1", topologies: "abc" };
const ignore = !permitted;

const report: ProofReport = {
  sinks: [{
    ...{ topology: "sales", sink: "items", how: "ranges", rows: 7, checked: "2026-01-31T10:00:00.000Z", roundMs: 5 },
    ...{ compared: 0, differing: 1, ...NOTHING_OPEN },
    keys: [{ key: { id: "7" }, explain: "7", kind: "missing", columns: [], since: "2026-01-31T10:00:00.000Z" }],
  }],
  leftOut: [{ topology: "sales", sink: "a_topic", reason: "it is a topic" }],
};

/** An instance that a service compares. */
function serve({ isService = true }: { readonly isService?: boolean } = {}) {
  const reports: ProofReport[] = [];
  const events: string[] = [];
  const proof = new ToldProof({
    onReport: (report) => reports.push(report),
    onEvent: ({ text }) => events.push(text),
  });
  const standing: Standing = { paused: null, elsewhere: false, excuse: "some are held" };
  const routes = proofRoutes({
    runs: { revision, imported: [], topologies: ["sales"], shows: true },
    standings: {
      ...{ whoever: () => standing, applied: (topology) => Promise.resolve(topology === "sales") },
      ...{ brought: () => Promise.resolve([]), topics: () => Promise.resolve([]) },
      ...{ records: () => Promise.resolve(null), withheld: () => null },
    },
    told: isService ? proof : null,
  });
  const server = serveHttp({ host: "127.0.0.1", port: 0 }, guarded(routes, { password: PASSWORD }));
  const ask = async (path: string, { body, password = PASSWORD }: { body?: unknown; password?: string } = {}) => {
    const response = await fetch(server.url + path, {
      ...body === undefined ? {} : { method: "POST", body: JSON.stringify(body) },
      headers: { authorization: `Bearer ${password}` },
    });
    return { status: response.status, json: await response.json() };
  };
  return { proof, reports, events, server, ask, [Symbol.asyncDispose]: () => server.close() };
}

const word = (says: unknown, program = programOf(revision)) => ({ program, told: "2026-01-31T10:00:05.000Z", says });

Deno.test({
  name: "a service that compares learns what runs and how far it is, and its word is the instance's status",
  ignore,
  fn: async () => {
    await using instance = serve();
    const { ask, proof, reports, events } = instance;
    assertEquals((await ask("/api/proof")).json, { revision, imported: [], topologies: ["sales"], shows: true });
    const program = encodeURIComponent(programOf(revision));
    assertEquals((await ask(`/api/proof/standing/sales?program=${program}`)).json.paused, null);
    const other = (await ask("/api/proof/standing/sales?program=other")).json.paused;
    assertEquals(other, "the service that compares runs other files");
    const applied = (await ask("/api/proof/applied/sales")).json;
    assertEquals(applied, { applied: true, excuse: "some are held" });
    assertEquals(proof.status.state, "starting");

    assertEquals((await ask("/api/proof", { body: word({ report }) })).status, 200);
    assertEquals(proof.status, { state: "running", reason: null, told: "2026-01-31T10:00:05.000Z", ...report });
    assertEquals((await ask("/api/proof", { body: word({ report }, "other") })).status, 409);
    assertEquals((await ask("/api/proof", { body: word({ reason: "other files" }, "") })).status, 200);
    assertEquals([proof.status.state, proof.status.reason, proof.status.sinks], ["failed", "other files", []]);
    assertEquals(reports, [report, { sinks: [], leftOut: [] }]);
    assertEquals(events, ["The continuous proof has ended: other files"]);
    await proof.stop();
  },
});

Deno.test({
  name: "what a service tells is taken with the password, in its form, and where a service compares",
  ignore,
  fn: async () => {
    await using instance = serve();
    const { ask, proof } = instance;
    assertEquals((await ask("/api/proof", { body: word({ report }), password: "wrong" })).status, 401);
    const told = await ask("/api/proof", { body: word({ report: { sinks: [{ rows: -1 }], leftOut: [] } }) });
    assertEquals(told.status, 400);
    assertEquals(proof.status.state, "starting");
    await using alone = serve({ isService: false });
    const refused = await alone.ask("/api/proof", { body: word({ report }) });
    assertEquals([refused.status, refused.json.error.includes("WEIR_PROOF=service")], [409, true]);
  },
});

const environment = {
  ...{ KAFKA_BROKERS: "kafka:9092", CLICKHOUSE_URL: "http://127.0.0.1:1", CLICKHOUSE_DATABASE: "online_store" },
  ...{ VERIFY_DATABASE_URL: "postgres://verifier@127.0.0.1:1/online_store", WEIR_TOPOLOGIES: "topologies" },
};

Deno.test({
  name: "ProofService compares nothing where the instances run other files, and says so to whichever answers",
  ignore,
  fn: async () => {
    await using instance = serve();
    const said: string[] = [];
    const service = new ProofService({
      configuration: readConfiguration({ environment, readFile: () => "" }),
      ...{ urls: ["http://127.0.0.1:1", instance.server.url], password: PASSWORD },
      onEvent: ({ text }) => said.push(text),
      pause: () => new Promise(() => {}),
    });
    service.run();
    while (instance.proof.status.state === "starting") await new Promise((resolve) => setTimeout(resolve, 20));
    assertEquals(instance.proof.status.state, "failed");
    assertStringIncludes(instance.proof.status.reason!, "run other topology files, or another version of Weir");
    assertEquals(said.length, 1);
    assertStringIncludes(said[0], "Compares nothing: the instances run other topology files");
  },
});

Deno.test({
  name: "prove says what it needs, and ends in order when it is told to",
  ignore,
  fn: async () => {
    const embedded = await runMain(["prove"]);
    assertEquals([embedded.status, embedded.err.includes("Cannot compare as a service in embedded mode")], [1, true]);
    const { VERIFY_DATABASE_URL: _, ...without } = environment;
    const sourceless = await runMain(["prove"], without);
    assert(sourceless.err.includes("set VERIFY_DATABASE_URL to PostgreSQL"), sourceless.err);
    const mistaken = await runMain(["prove", "--url", "nowhere"], environment);
    assertEquals([mistaken.status, mistaken.err.includes('current value is "nowhere"')], [2, true]);
    const running = startMain(["prove", "--url", "http://127.0.0.1:1"], environment);
    const { message } = await running.event(({ event }) => event === "proof ended");
    assertStringIncludes(String(message), "http://127.0.0.1:1 does not answer");
    running.child.kill("SIGTERM");
    assertEquals((await running.finished).status, 0);
    const other = await runMain(["prove"], { WEIR_PROOF: "service" });
    assert(other.err.includes("Cannot let a service compare (WEIR_PROOF=service) in embedded mode"), other.err);
  },
});
