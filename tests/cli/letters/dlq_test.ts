import { assert, assertEquals } from "@std/assert";
import { findRunningProcess } from "../../../src/adapters/local/lock.ts";
import { runningAccount } from "../../../src/cli/embedded_accounts.ts";
import { permitted, runMain, type Running, startMain, withDirectory } from "../support.ts";

const ignore = !permitted;
const ROOT = new URL("../../../", import.meta.url).pathname;
const TOPIC = "shop.public.customers";

const TOPOLOGY = `
import { z } from "zod";
import { clickhouse, debezium, int8, topology } from "${ROOT}src/mod.ts";

const row = z.object({ id: int8(), name: z.string(), age: z.int() });
const columns = { id: "Int64", name: "String", age: "Int64" };

export default topology("customers", (builder) => {
  builder.table(debezium("${TOPIC}", { key: ["id"], row })).to(clickhouse("customers", { key: ["id"], columns }));
});
`;

interface Letter {
  readonly id: string;
  readonly key: string;
  readonly resolution: string | null;
  readonly attempts: readonly { readonly outcome: string }[];
}

/** A directory with a topology, an instance that may run on it, and what people do with its letters. */
class Home {
  readonly data: string;
  readonly #env: Record<string, string>;
  #run: Running | null = null;

  constructor(directory: string) {
    this.data = `${directory}/data`;
    this.#env = { WEIR_TOPOLOGIES: `${directory}/topologies`, EDITOR: `sed -i -e s/ten/10/ -e 's/"10"/10/'` };
  }

  static async prepare(directory: string): Promise<Home> {
    await Deno.mkdir(`${directory}/topologies`);
    // zod is found from the project's folder alone.
    const text = TOPOLOGY.replace('from "zod"', `from "${import.meta.resolve("zod")}"`);
    await Deno.writeTextFile(`${directory}/topologies/customers.ts`, text);
    return new Home(directory);
  }

  async start(): Promise<void> {
    const args = ["start", "--no-check", "--no-demo", "--data", this.data, "--port", "0"];
    this.#run = startMain(args, this.#env);
    await this.#run.event(({ event }) => event === "started" || event === "failed");
  }

  async end(signal: "SIGTERM" | "SIGKILL"): Promise<void> {
    this.#run!.child.kill(signal);
    await this.#run!.finished;
  }

  run = (...args: string[]) => runMain([...args, "--data", this.data], this.#env);
  dlq = (...args: string[]) => this.run("dlq", ...args);

  /** As no producer of Weir's would write it. */
  async write(id: number, age: unknown): Promise<void> {
    const value = JSON.stringify({ op: "u", before: null, source: {}, after: { id, name: "Ada", age } });
    await this.post("/produce", {
      body: { topic: TOPIC, partitions: 1, records: [{ key: `{"id":${id}}`, value }] },
      role: "writer",
    });
  }

  async post(path: string, { body, role }: { readonly body: unknown; readonly role: "writer" | "reader" }) {
    const { metrics } = (await findRunningProcess(this.data))!.addresses;
    const { password } = await runningAccount(this.data, role);
    const headers = { authorization: `Bearer ${password}` };
    const response = await fetch(`${metrics}${path}`, { method: "POST", headers, body: JSON.stringify(body) });
    assert(response.ok, await response.text());
  }

  async letters(...args: string[]): Promise<Letter[]> {
    const { out, err } = await this.dlq("--json", ...args);
    assertEquals(err, "");
    return out.trim().split("\n").filter((line) => line !== "").map((line) => JSON.parse(line));
  }

  /** The letters, as soon as there are so many open. */
  async open(count: number): Promise<Letter[]> {
    for (let tries = 0;; tries++) {
      const letters = await this.letters();
      if (letters.length === count || tries === 30) return letters;
    }
  }

  async ages(): Promise<string> {
    return (await this.run("query", "SELECT id, age FROM customers ORDER BY id", "--format", "csv")).out;
  }

  /** What is shown, as soon as it is that. */
  async shown(expected: string): Promise<string> {
    for (let tries = 0;; tries++) {
      const shown = await this.ages();
      if (shown === expected || tries === 30) return shown;
    }
  }
}

/** Row 2 goes by a replay, which says so, as explain does. */
async function deletesRow(home: Home, directory: string): Promise<void> {
  await home.write(2, "old");
  const [deleted] = await home.open(1);
  await Deno.writeTextFile(`${directory}/nothing`, "null\n");
  const nothing = await home.dlq("edit", deleted.id, "--value-file", `${directory}/nothing`);
  assert(/replayed: Its row is deleted from "customers" as of offset/.test(nothing.out), nothing.out + nothing.err);
  const why = await home.run("explain", "customers", "2");
  const told = why.out.replaceAll(/\s+/g, " ");
  for (const says of ["has no row of this key, as the record at", `replay of dead letter ${deleted.id}: deno`]) {
    assert(told.includes(says), why.out + why.err);
  }
}

Deno.test({
  name: "dlq shows, edits, refuses, replays and exports letters of a running instance, and a kill -9 loses none",
  ignore,
  fn: () =>
    withDirectory(async (directory) => {
      const home = await Home.prepare(directory);
      const begun = await runMain(["produce", TOPIC, "--data", home.data], {
        WEIR_TOPOLOGIES: `${directory}/topologies`,
      }, {
        input: '{"id":1,"name":"Ada","age":1}\n{"id":2,"name":"Joan","age":2}',
      });
      assertEquals(begun.status, 0, begun.err);
      await home.start();
      await home.write(1, "ten");
      await home.write(2, "old");
      const [second, first] = await home.open(2);
      assertEquals([first.key, second.key], ['{"id":1}', '{"id":2}']);

      const meant = await home.dlq("--reason", "wrong_tpe");
      assert(meant.out.includes('None has the reason "wrong_tpe": there are wrong_type. Did you mean'), meant.out);
      const operator = await home.dlq("--operator", "shop.public.customer");
      assert(operator.out.includes(`None has the operator "shop.public.customer": there are ${TOPIC}.`), operator.out);
      assertEquals((await home.letters("--operator", TOPIC)).map(({ id }) => id), [second.id, first.id]);
      const failed = await home.dlq("replay", first.id);
      assertEquals([failed.status, /failed: It still cannot be read.*"ten"/.test(failed.out)], [1, true], failed.out);
      const exported = await home.dlq("export", first.id, "--out", `${directory}/letters_test.ts`);
      assertEquals(exported.status, 0, exported.err);
      const tested = await new Deno.Command(Deno.execPath(), {
        args: ["test", "-A", "--no-check", "--config", `${ROOT}deno.json`, `${directory}/letters_test.ts`],
      }).output();
      assertEquals(tested.code, 0, new TextDecoder().decode(tested.stdout));

      const edited = await home.dlq("edit", first.id);
      assertEquals([edited.status, /1 replayed, 0 refused/.test(edited.out)], [0, true], edited.out + edited.err);
      assertEquals(await home.shown('"id","age"\n1,10\n2,2\n'), '"id","age"\n1,10\n2,2\n');
      const shown = await home.dlq("show", first.id);
      assert(/attempts.*failed: It still.*\n.*replayed: "customers" has it now/.test(shown.out), shown.out);

      await home.write(2, 3);
      const late = await home.dlq("edit", second.id, "--set", "age=9");
      assertEquals([late.status, /refused: It no longer applies: a later record/.test(late.out)], [1, true], late.out);

      for (let round = 0; round < 3; round++) {
        await home.write(1, "bad");
        const [letter] = await home.open(1);
        const edit = { set: { age: 20 + round } };
        const asked = home.post("/api/dead-letters/replay", { body: { ids: [letter.id], edit }, role: "reader" }).catch(
          () => {},
        );
        await new Promise((resolve) => setTimeout(resolve, 4 * round));
        await home.end("SIGKILL");
        await asked;
        await home.start();
        const right = `"id","age"\n1,${20 + round}\n2,3\n`;
        for (const { id } of await home.letters()) {
          const again = await home.dlq("replay", id, "--set", `age=${20 + round}`);
          assert(/ replayed: |no longer applies/.test(again.out), again.out + again.err);
        }
        assertEquals(await home.shown(right), right);
        assertEquals(await home.open(0), []);
      }
      await deletesRow(home, directory);
      await home.end("SIGTERM");
      const nobody = await home.dlq("replay", "--reason", "wrong_type");
      assertEquals([nobody.status, nobody.out], [0, "No open dead letters\n"]);
      const gone = await home.dlq("replay", "1");
      assertEquals([gone.status, /nothing runs there/.test(gone.err)], [1, true], gone.err);
      const all = await home.letters("--all");
      assertEquals(all.every(({ resolution }) => resolution !== null), true);
    }),
});

Deno.test({
  name: "dlq says what it does not understand, and what was probably meant",
  ignore,
  fn: async () => {
    const cases = [
      [["dlq", "sho"], /there are list, show, edit, replay, export\. Did you mean "show"\?/],
      [["dlq", "17"], /To see a letter: dlq show 17/],
      [["dlq", "show"], /Cannot show nothing: dlq show <id>/],
      [["dlq", "edit", "1", "2"], /Cannot edit other than one letter/],
      [["dlq", "show", "x"], /Cannot use "x" as a letter's id/],
      [["dlq", "--set", "a=1"], /Cannot use "--set" with dlq list: it is for edit and replay/],
      [["dlq", "replay"], /name letters by their ids, or give --reason, --operator or --topology/],
      [["dlq", "replay", "1", "--reason", "x"], /by id and by reason, operator or topology together/],
      [["dlq", "replay", "1", "--operator", "x"], /by id and by reason, operator or topology together/],
      [["dlq", "edit", "1", "--set", "a"], /as column=value/],
    ] as const;
    for (const [args, says] of cases) {
      const { status, err } = await runMain(args);
      assertEquals([status, says.test(err)], [2, true], err);
    }
    const { out } = await runMain(["dlq", "--help"]);
    const told = out.replaceAll(/\s+/g, " ");
    assert(told.includes("of records that could not be read (stage decode) and are kept whole"), out);
    assert(told.includes("callbacks and sinks are of rows that were computed: write a test that inserts"), out);
  },
});
