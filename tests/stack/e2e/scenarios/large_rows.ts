import { configureTopics } from "../../topics.ts";
import { LIBRARY, longText, newLetters, openLibrary } from "../library.ts";
import { endSteady } from "../procedures.ts";
import type { Stage } from "../stage.ts";
import { until } from "../steps.ts";
import type { WeirProcess } from "../weir.ts";
import type { Scenario } from "./scenario.ts";

const LARGE = 1_600_000;
/** Weir's own limit in this scenario, between the two rows. */
const MESSAGE_BYTES_MAX = 4 * 1024 * 1024;
const TOO_LARGE = 5_000_000;
const INBOXES = `weir.${LIBRARY}.`;
/** What somebody lowers the limit of inboxes to. */
const INBOX_BYTES_MAX = 1_000_000;

/** A row that others look up is as large as the limits allow; above one, it is set aside and costs no other row. */
export const largeRows: Scenario = {
  title: "rows of megabytes are joined, up to the limits",
  async run(stage) {
    const { steps } = stage;
    let environment = {};
    await steps.step("two tables are added whose topics take 20 MB", async () => {
      environment = { ...await openLibrary(stage), WEIR_MESSAGE_BYTES_MAX: String(MESSAGE_BYTES_MAX) };
      await stage.sql(`
        INSERT INTO documents VALUES (1, 'a page', 'short'), (2, 'a book', ${longText(LARGE)});
        INSERT INTO notes VALUES (1, 1, 'on the page'), (2, 2, 'on the book'), (3, 2, 'again');`);
    });
    const letters = (await stage.deadLetters([LIBRARY])).length;
    let weir = stage.startWeir([LIBRARY], environment);
    await steps.step("Weir runs", (signal) => weir.ready(signal), { withinMs: 120_000 });
    await steps.step(
      `a row of ${LARGE} bytes is joined`,
      (signal) => shown(stage, { bodies: [5, LARGE, LARGE], signal }),
    );
    await stage.verify("with a large row", [LIBRARY], { environment, letters });

    await steps.step(`one of ${TOO_LARGE} bytes is a dead letter that names Weir's limit`, async (signal) => {
      await write(stage, { document: 3, bytes: TOO_LARGE });
      await setAside(stage, { weir, letters, setting: "WEIR_MESSAGE_BYTES_MAX", signal });
      await othersGoOn(stage, { weir, bodies: [5, LARGE, LARGE, 5], signal });
    });
    await steps.step("verify tells the joined row, and no other", async () => {
      const { status, report: { sinks } } = await stage.compare([LIBRARY], { environment, waitS: 1 });
      const found = sinks.map(({ sink, view }) => `${sink} ${view.missing} ${view.extra} ${view.different}`).sort();
      if (status !== 1 || found.join() !== "documents 0 0 0,noted 1 0 0") throw new Error(`${status}, ${found.join()}`);
    });
    await steps.step("PostgreSQL makes it shorter", async () => {
      await stage.sql("UPDATE documents SET body = 'cut' WHERE id = 3");
    });
    await stage.verify("after the row became shorter", [LIBRARY], { environment, letters: letters + 1 });

    await steps.step(`one of ${LARGE} bytes is a dead letter that names a lowered topic`, async (signal) => {
      await configureTopics(stage.layout, {
        prefix: INBOXES,
        changes: { "max.message.bytes": String(INBOX_BYTES_MAX) },
      });
      await write(stage, { document: 4, bytes: LARGE });
      await setAside(stage, { weir, letters: letters + 1, setting: `max.message.bytes of topic "${INBOXES}`, signal });
      await othersGoOn(stage, { weir, bodies: [5, LARGE, LARGE, 3, 5, 5], signal });
    });
    await endSteady(stage, weir);
    weir = stage.startWeir([LIBRARY], environment);
    await steps.step("the next start raises the topics' limit", (signal) => weir.ready(signal), { withinMs: 120_000 });
    await stage.verify("after the start", [LIBRARY], { environment, letters: letters + 2 });
    await endSteady(stage, weir);
  },
};

/** A document of so many bytes, with a note on it. */
async function write(
  stage: Stage,
  { document, bytes }: { readonly document: number; readonly bytes: number },
): Promise<void> {
  await stage.sql(`
    INSERT INTO documents VALUES (${document}, 'large', ${longText(bytes)});
    INSERT INTO notes VALUES (${document * 10}, ${document}, 'on a large one');`);
}

interface Expected {
  readonly weir: WeirProcess;
  readonly signal: AbortSignal;
}

/** Resolves when there is one more dead letter than `letters`, which is about the limit that `setting` names. */
async function setAside(
  stage: Stage,
  { weir, letters, setting, signal }: Expected & { readonly letters: number; readonly setting: string },
): Promise<void> {
  const found = await newLetters(stage, { weir, before: letters, signal });
  const [{ reason, error }] = found;
  if (found.length !== 1 || reason !== "too_large" || !error.includes(setting)) {
    throw new Error(`There are other letters: ${JSON.stringify(found).slice(0, 2_000)}`);
  }
}

/** A note written now is shown; nothing waits. */
async function othersGoOn(
  stage: Stage,
  { weir, bodies, signal }: Expected & { readonly bodies: readonly number[] },
): Promise<void> {
  await stage.sql("INSERT INTO notes SELECT max(id) + 1, 1, 'on the page, later' FROM notes");
  await shown(stage, { bodies, signal });
  await weir.ready(signal);
}

/** Resolves when the notes show texts of these lengths, in the order of their ids. */
async function shown(
  stage: Stage,
  { bodies, signal }: { readonly bodies: readonly number[]; readonly signal: AbortSignal },
): Promise<void> {
  let lengths = "";
  await until(async () => {
    const rows = await stage.query("SELECT length(body) AS size FROM noted ORDER BY id").catch(() => []);
    lengths = rows.map(({ size }) => size).join();
    return lengths === bodies.join();
  }, { signal, everyMs: 100, lastWords: () => `bodies of ${lengths} bytes` });
}
