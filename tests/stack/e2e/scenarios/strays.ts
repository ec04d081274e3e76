import { partitionOf } from "../../../../src/record/partitioner.ts";
import { writeRecords } from "../../topics.ts";
import { DOCUMENT_PARTITIONS, DOCUMENTS, LIBRARY, newLetters, openLibrary } from "../library.ts";
import { endSteady } from "../procedures.ts";
import type { Stage } from "../stage.ts";
import type { WeirProcess } from "../weir.ts";
import type { Scenario } from "./scenario.ts";

const ROWS = 20;
/** A document that exists, and one that does not. */
const [OWN, FOREIGN] = [7, 1_000_007];

/** Another tool writes records of a table that is joined into partitions where their keys do not belong. */
export const strays: Scenario = {
  title: "records of another tool in a wrong partition",
  async run(stage) {
    const { steps } = stage;
    let environment = {};
    await steps.step(`two tables are added, with ${ROWS} rows each`, async () => {
      environment = await openLibrary(stage);
      await stage.sql(`
        INSERT INTO documents SELECT id, 'title ' || id, 'body' FROM generate_series(1, ${ROWS}) id;
        INSERT INTO notes SELECT id, id, 'note ' || id FROM generate_series(1, ${ROWS}) id;`);
    });
    const weir = stage.startWeir([LIBRARY], environment);
    await steps.step("Weir runs", (signal) => weir.ready(signal), { withinMs: 120_000 });
    const before = (await stage.deadLetters([LIBRARY])).length;
    const letters = before + 3;
    await steps.step("strays are dead letters that say so", (signal) => setAside(stage, { weir, before, signal }));
    await steps.step("the tables go on", () =>
      stage.sql(`
        UPDATE documents SET title = 'changed' WHERE id = ${OWN};
        INSERT INTO notes VALUES (${ROWS + 1}, ${OWN}, 'after the strays');
        DELETE FROM notes WHERE id = 3;`).then(() => {}));
    await stage.verify("beside strays", [LIBRARY], { environment, letters });
    await endSteady(stage, weir);
    const again = stage.startWeir([LIBRARY], environment);
    await steps.step("the next start reads them again, and keeps their letters once", (signal) => again.ready(signal), {
      withinMs: 120_000,
    });
    await stage.verify("after the start", [LIBRARY], { environment, letters });
    await steps.step("Ctrl-C ends it in order", (signal) => again.end(signal));
  },
};

/** A tombstone of a document that exists, one of none, and a row: each is set aside, with its place and the reason. */
async function setAside(
  stage: Stage,
  { weir, before, signal }: { readonly weir: WeirProcess; readonly before: number; readonly signal: AbortSignal },
): Promise<string> {
  const stray = (id: number, value: string | null) => {
    const key = JSON.stringify({ id });
    return { key, value, partition: (partitionOf(key, DOCUMENT_PARTITIONS) + 1) % DOCUMENT_PARTITIONS };
  };
  const row = { id: FOREIGN, title: "stray", body: "of another tool" };
  const envelope = { before: null, after: row, source: { table: "documents" }, op: "c", ts_ms: Date.now() };
  const messages = [stray(OWN, null), stray(FOREIGN, null), stray(FOREIGN, JSON.stringify(envelope))];
  await writeRecords(stage.layout, { topic: DOCUMENTS, messages });
  const letters = await newLetters(stage, { weir, before, least: messages.length, signal });
  const places = letters.map(({ topic, partition, reason }) => `${topic}/${partition} ${reason}`).sort();
  const expected = messages.map(({ partition }) => `${DOCUMENTS}/${partition} misplaced`).sort();
  const silent = letters.filter(({ error }) => !error.includes("Another tool wrote it"));
  if (places.join() !== expected.join() || silent.length > 0) {
    throw new Error(`There are other letters: ${JSON.stringify(letters).slice(0, 2_000)}`);
  }
  return letters[0].error;
}
