import { assert, assertEquals } from "@std/assert";
import { permitted, runMain, withDirectory } from "./support.ts";

const ignore = !permitted;

Deno.test({
  name: "main() prints help in general and for each command, with status 0",
  ignore,
  async fn() {
    const names = ["start", "verify", "query", "describe", "dlq", "cleanup", "produce", "new"];
    const general = await runMain(["--help"]);
    assertEquals(general.status, 0);
    for (const name of names) assert(general.out.includes(`  ${name} `), general.out);
    const helps = await Promise.all(names.map((name) => runMain([name, "--help"])));
    helps.forEach(({ status, out }, index) => {
      assertEquals(status, 0);
      assert(out.startsWith(`Usage: deno task ${names[index]} `) && out.includes("-h, --help"), out);
    });
  },
});

Deno.test({
  name: "main() answers a command line that it does not understand with status 2 and the nearest name",
  ignore,
  async fn() {
    const cases: readonly (readonly [string[], string])[] = [
      [[], "Usage:"],
      [["strat"], 'Did you mean "start"?'],
      [["start", "--duratoin", "5s"], 'Did you mean "--duration"?'],
      [["query"], "it needs 1"],
      [["new", "Not A Name"], "lower-case"],
    ];
    const results = await Promise.all(cases.map(([args]) => runMain(args)));
    results.forEach(({ status, out, err }, index) => {
      assertEquals(status, 2, err);
      assert((out + err).includes(cases[index][1]), out + err);
    });
  },
});

Deno.test({
  name: "main() names every problem of the environment at once, with status 1 and without secrets",
  ignore,
  async fn() {
    const { status, err } = await runMain(["start"], {
      KAFKA_BROKERS: "kafka",
      CLICKHOUSE_PASSWORD: "sesame",
      WEIR_GENERATOIN: "2",
      WEIR_PORT: "http",
    });
    assertEquals(status, 1);
    for (const text of ["KAFKA_BROKERS as brokers", "CLICKHOUSE_URL is missing", "WEIR_GENERATION", "WEIR_PORT"]) {
      assert(err.includes(text), err);
    }
    assert(!err.includes("sesame"), err);
  },
});

Deno.test({
  name: "query, verify and dlq say so when there is no data yet",
  ignore,
  fn: () =>
    withDirectory(async (directory) => {
      const data = `${directory}/none`;
      const [query, verify, dlq] = await Promise.all([
        runMain(["query", "SELECT 1", "--data", data]),
        runMain(["verify", "--data", data]),
        runMain(["dlq", "--data", data]),
      ]);
      assertEquals([query.status, verify.status, dlq.status], [1, 1, 0]);
      assert(query.err.includes("deno task start") && verify.err.includes("deno task start"), query.err + verify.err);
      assertEquals(dlq.out.trim(), "No dead letters");
    }),
});

Deno.test({
  name: "describe prints text, JSON and Mermaid",
  ignore,
  async fn() {
    const [text, json, mermaid] = await Promise.all([
      runMain(["describe", "sales"]),
      runMain(["describe", "sales", "--format", "json"]),
      runMain(["describe", "sales", "--format", "mermaid"]),
    ]);
    assert(text.out.startsWith("topology sales"), text.out + text.err);
    assertEquals(JSON.parse(json.out).topology, "sales");
    assert(mermaid.out.startsWith("flowchart"), mermaid.out);
  },
});
