import { assert, assertEquals } from "@std/assert";
import { fullLines, listingOf } from "../../src/cli/letter_listing.ts";
import { fixtureTexts } from "../../src/cli/letters/fixture.ts";
import { shownLetter } from "../../src/cli/letters/shown_letter.ts";
import { eventOf } from "../../src/cli/start/run_events.ts";
import { compile } from "../../src/plan/compile.ts";
import { describe } from "../../src/plan/describe.ts";
import { describeText } from "../../src/plan/describe_text.ts";
import { MASKED } from "../../src/record/mask.ts";
import { permitted } from "../cli/support.ts";
import { randomOf } from "./random_of.ts";
import { SECRET, secretiveTopology } from "./secretive_topology.ts";
import { openSecretive } from "./secretive_world.ts";

const SEEDS = 6;

type World = Awaited<ReturnType<typeof openSecretive>>;

for (let seed = 1; seed <= SEEDS; seed++) {
  const instances = seed % 3 === 0 ? 2 : 1;
  Deno.test({
    name: `no secret of a masked column is told by ${instances} instance(s), seed ${seed}`,
    ignore: !permitted,
    fn: async () => {
      const topology = secretiveTopology(randomOf(seed));
      await using world = await openSecretive(topology, { instances });
      const told = new Map<string, string>();
      const tell = (what: string, text: string) => void told.set(what, `${told.get(what) ?? ""}\n${text}`);
      tell("describe", describeText(describe(compile(topology), topology)));
      await askAll(world, { tell, nodes: topology });
      await world.passing(replayAll(world, tell));
      tellLetters(world, tell);
      tellEvents(world, tell);
      for (const [what, text] of told) {
        assertEquals(text.split("\n").filter((line) => line.includes(SECRET)).map(cut), [], what);
      }
      for (const what of ["explain", "store", "letters", "tap", "fixture", "events"]) {
        assert(told.get(what)?.includes(MASKED), `${what} has something that is masked`);
      }
      const data = ["told", "by_note", "per_email"].map((table) => JSON.stringify(world.warehouse.select(table)));
      for (const rows of data) assert(rows.includes(SECRET), "what ClickHouse is given is true");
    },
  });
}

type Tell = (what: string, text: string) => void;

/** The place in a line, as a whole answer is one. */
function cut(line: string): string {
  const at = line.indexOf(SECRET);
  return line.slice(Math.max(0, at - 200), at + 60);
}

async function askAll(
  { instances, change, passing }: World,
  { tell, nodes }: { readonly tell: Tell; readonly nodes: ReturnType<typeof secretiveTopology> },
): Promise<void> {
  const [instance] = instances;
  const get = async (what: string, path: string) => {
    const { status, text } = await passing(instance.ask(path));
    // What was typed comes back where it is no key.
    tell(what, status === 200 || !path.includes(SECRET) ? text : `status ${status}`);
    return status === 200 ? JSON.parse(text) : null;
  };
  await get("plan", "/api/plan");
  await get("state", "/api/state?once=true");
  const taps = [...nodes.nodes.map(({ id }) => `op${id}`), ...nodes.streams.map(({ id }) => `ev${id}`)]
    .map((node) => instance.tap(`/api/tap/secretive/${node}`));
  // Each is open when it has said how soon to come back.
  await Promise.all(taps.map((tap) => tap.until((told) => told !== "")));
  await change();
  await Promise.any(taps.map((tap) => tap.until((told) => told.includes("event: row"))));
  for (const tap of taps) tell("tap", await tap.close());
  const { topologies: [{ tables }] } = await get("explain", "/api/explain");
  for (const { name, key: columns } of tables) {
    for (const key of ["1", "2", "5", "21", "22", `${SECRET}-mail-1`, `${SECRET}-note-changed-1`, "nobody"]) {
      // A key of a column that is not masked comes back as it was typed.
      if (key.includes(SECRET) && ["id", "code"].includes(columns?.join())) continue;
      await get("explain", `/api/explain/secretive/${name}/${encodeURIComponent(key)}?limit=2`);
    }
  }
  const part = (question: object) => `/api/explain/secretive?part=${encodeURIComponent(JSON.stringify(question))}`;
  for (const table of [0, 1, 2]) {
    for (const global of [false, true]) await get("part", part({ kind: "row", table, global, key: "3" }));
    await get(
      "part",
      part({ kind: "group", table, group: 0, key: `"${SECRET}-note-changed-1"`, after: null, limit: 9 }),
    );
  }
  const { stores } = await get("store", "/store/secretive");
  for (const { name } of stores) {
    await get("store", `/store/secretive/${encodeURIComponent(name)}?limit=2`);
    await get("store", `/store/secretive/${encodeURIComponent(name)}?local=true&wire=true`);
  }
}

const OTHER_KEY = /^Another key is another row/;

/** Edits of a masked letter that are not taken, and what is said of them all the same: it quotes nothing. */
const TOLD: readonly (readonly [object, RegExp])[] = [
  [{ key: '{"id":99}' }, OTHER_KEY],
  [{ set: { totl: 5 } }, /^Cannot set "totl": .* read are id, user, total, note\. Did you mean "total"\?$/],
  [{ set: { total: `${SECRET}-typed` } }, /^It still cannot be read: .* as a row: total: \(masked\)/],
  [{ set: { note: 5, total: 5 } }, /^It still cannot be read: .* as a row: \(masked\)$/],
  [{ value: `no JSON: ${SECRET}`, set: { total: 5 } }, /^Cannot set columns of a value that is no JSON: give/],
  [{ value: `no JSON: ${SECRET}` }, /^It still cannot be read: \(masked\): what was said may quote/],
];

async function replayAll({ instances: [instance] }: World, tell: Tell): Promise<void> {
  const page = JSON.parse((await instance.ask("/api/dead-letters?limit=1000&state=all")).text);
  const ids = page.letters.map(({ id }: { id: string }) => id);
  const post = async (body: unknown) => {
    const { text } = await instance.ask("/api/dead-letters/replay", { method: "POST", body: JSON.stringify(body) });
    tell("replay", text);
    return JSON.parse(text);
  };
  const orders = page.letters.filter(({ operator, stage }: Record<string, string>) =>
    stage === "decode" && operator.endsWith("orders")
  );
  assert(orders.length >= 5, "letters of orders");
  for (const { id } of orders) {
    await post({ ids: [id], edit: { set: { total: `${SECRET}-typed` } } });
    await post({ ids: [id], edit: { value: `{"op":"c","after":{"note":"${MASKED}"}}` } });
  }
  // What is masked stays as it is, without having been seen.
  const wrong = orders.filter(({ key, error }: Record<string, string>) =>
    key === '{"id":21}' && error.includes("total")
  );
  assertEquals(wrong[0].error.includes("expected number"), true, "what is wrong with other columns is told");
  const { id } = wrong[0];
  for (const [edit, says] of TOLD) {
    const { results: [{ outcome, sentence }] } = await post({ ids: [id], edit });
    assertEquals([outcome, says.test(sentence)], [says === OTHER_KEY ? "refused" : "failed", true], sentence);
  }
  const { results: [{ outcome, sentence }] } = await post({ ids: [id], edit: { set: { total: 5 } } });
  assertEquals(outcome, "replayed", sentence);
  await post({ ids });
}

function tellLetters({ letters }: World, tell: Tell): void {
  const { letters: all } = letters.stored.page({ limit: 1_000 });
  assert(all.some(({ stage }) => stage === "callback") && all.some(({ stage }) => stage === "decode"));
  const shown = all.map(shownLetter);
  const options = { width: 120, open: 1, resolved: 1, all: true, dropped: 0 };
  tell(
    "letters",
    [...shown.map((one) => JSON.stringify(one)), ...shown.flatMap(fullLines), ...listingOf(shown, options)]
      .join("\n"),
  );
  const imports = { topologies: ".", testing: "./mod.ts" };
  for (const one of shown) {
    try {
      tell("fixture", [...fixtureTexts(() => [one], imports)].join(""));
    } catch (error) {
      tell("fixture", (error as Error).message);
    }
  }
}

function tellEvents({ instances }: World, tell: Tell): void {
  for (const { run } of instances) {
    for (const event of run!.events) tell("events", JSON.stringify(eventOf("secretive", event, {} as never)));
    tell("problems", JSON.stringify(run!.runner.problems.list()));
  }
}
