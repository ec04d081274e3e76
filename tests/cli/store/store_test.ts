import { assert, assertEquals } from "@std/assert";
import { assertTellsOfNobody, permitted, runMain, startMain, withDirectory } from "../support.ts";
import { PASSWORD, withInstances } from "./store_instances.ts";

const options = { ignore: !permitted };
const KNOWN = { WEIR_STORE_PASSWORD: PASSWORD };

Deno.test(
  "store says what to do when nothing runs, or nobody answers",
  options,
  () =>
    withDirectory(async (directory) => {
      await assertTellsOfNobody(["store", "sales", "orders"], directory);
      const both = await runMain(["store", "sales", "orders", "1", "--prefix", "2"]);
      assertEquals([both.status, both.err.includes("a key and --prefix together")], [2, true], both.err);
      const url = await runMain(["store", "sales", "--url", "weir-1:8686"]);
      assertEquals([url.status, url.err.includes("http://weir-1:8686")], [2, true], url.err);
    }),
);

Deno.test(
  "store prints rows with position, lag and state, of the instances that it is given",
  options,
  () =>
    withInstances({ count: 2 }, async ([first, second]) => {
      const store = (...args: string[]) => runMain(["store", "things", ...args], KNOWN);
      const at = ["--url", first.server.url];
      const listed = await store(...at);
      assert(/^things +table +id +1 of 2 +1 running$/m.test(listed.out), listed.out + listed.err);
      const one = await store("things", "2", ...at);
      assert(/^2 +two +[01]$/m.test(one.out), one.out + one.err);
      assert(/running +shop\.public\.things\/[01] at \d+ +0 +127\.0\.0\.1:\d+$/m.test(one.out), one.out);
      const some = await store("things", "--range", "2..4", "--limit", "2", ...at);
      assert(some.out.includes(`there are more: go on with --after '{"id":3}'`), some.out + some.err);
      const rest = await store("things", "--range", "..4", "--after", '{"id":3}', "--json", ...at);
      assertEquals(JSON.parse(rest.out).rows.map(({ value }: { value: unknown }) => value), [{ id: 4, name: "four" }]);
      const none = await store("things", "77", ...at);
      assertEquals([none.status, none.out.includes("Nothing is held under key 77\n")], [0, true], none.out);
      const wrong = await store("thing", ...at);
      assertEquals([wrong.status, wrong.err.includes('Did you mean "things"?')], [1, true], wrong.err);
      const unknown = await runMain(["store", "things", ...at], { WEIR_STORE_PASSWORD: "other" });
      assertEquals([unknown.status, unknown.err.includes("in WEIR_STORE_PASSWORD")], [1, true], unknown.err);

      await second.server.close();
      const left = await store("things", "77", ...at);
      assertEquals([left.status, left.out.includes("as far as is known: 1 partition elsewhere")], [1, true], left.out);
      assert(left.out.includes(`Instance ${second.address} has not answered`), left.out);
      const asked = await store("things", "--json", "--url", `${second.server.url},${first.server.url}`);
      assertEquals(JSON.parse(asked.out).unanswered.length, 2, asked.out + asked.err);
    }),
);

Deno.test(
  "store asks the embedded instance that runs on the data directory",
  options,
  () =>
    withDirectory(async (directory) => {
      const data = ["--data", directory];
      const run = startMain(["start", "mirror", ...data, "--demo-size", "small", "--port", "0", "--rate", "0"]);
      await run.event(({ event }) => event === "started");
      const { out, err } = await runMain(["store", "mirror", "orders", "1", "--json", ...data]);
      const { answer, rows: [{ key, value }] } = JSON.parse(out || err);
      assertEquals([answer, key, value.id], ["found", { id: 1 }, 1]);
      assert(/^\d+\.\d\d$/.test(value.total_amount), `a decimal as text: ${value.total_amount}`);
      run.child.kill("SIGTERM");
      assertEquals((await run.finished).status, 0);
    }),
);
