import { stopConnector } from "../../connector.ts";
import { stackAddresses } from "../../mod.ts";
import { run } from "../../artifacts.ts";
import { startAndVerify, startOver } from "../procedures.ts";
import { postgresProgram } from "../psql.ts";
import type { Stage } from "../stage.ts";
import { sleep } from "../steps.ts";
import { Writer, writtenText } from "../writer.ts";
import type { Scenario } from "./scenario.ts";

const PER_SECOND = 80;
const WRITE_MS = 3_000;
const LONG_MS = 120_000;

/** "Backup and restore" of docs/operations.md: PostgreSQL's, then ClickHouse's. */
export const restoring: Scenario = {
  title: "backups are restored",
  async run(stage) {
    const { steps, layout } = stage;
    const dump = `${layout.data}/weir/online_store.dump`;
    await steps.step("pg_dump", async () => {
      await postgresProgram(stage, "pg_dump", ["--format=custom", `--file=${dump}`, "online_store"]);
    });
    await write(stage);
    await steps.step("pg_restore, and the tables' topics are filled again", async (signal) => {
      await stopConnector(layout);
      await postgresProgram(stage, "pg_restore", ["--clean", "--if-exists", "--dbname=online_store", dump]);
      await startOver(stage, { signal });
    }, { withinMs: LONG_MS });
    await startAndVerify(stage, "on the restored store", {
      expect: ({ written, deleted }) => {
        if (written === 0 || deleted === 0) throw new Error("Nothing was taken back");
      },
    });
    const copy = `${layout.data}/weir/clickhouse_backup`;
    await steps.step(
      "ClickHouse's directory is copied while it stands still",
      () =>
        stage.withoutClickHouse(async (directory) => {
          await run("cp", ["-r", directory, copy]);
        }),
    );
    await write(stage);
    await steps.step(
      "the copy takes the place of ClickHouse's directory",
      () =>
        stage.withoutClickHouse(async (directory) => {
          await Deno.remove(directory, { recursive: true });
          await Deno.rename(copy, directory);
        }),
    );
    await startAndVerify(stage, "on the old backup", {
      expect: ({ kept, written }) => {
        if (kept === 0 || written === 0) throw new Error("The backup was not used");
      },
    });
    await steps.step(
      "ClickHouse's directory is lost",
      () => stage.withoutClickHouse((directory) => Deno.remove(directory, { recursive: true })),
    );
    await startAndVerify(stage, "on an empty ClickHouse", {
      expect: ({ kept, written }) => {
        if (kept > 0 || written === 0) throw new Error("It was not empty");
      },
    });
  },
};

/** A step: the store is written to for a while, and Weir shows it. */
async function write(stage: Stage): Promise<void> {
  const { options } = stage;
  await stage.steps.step("the store goes on, and Weir with it", async (signal) => {
    const weir = stage.startWeir();
    await weir.ready(signal);
    const seed = options.seed + 4;
    const writer = new Writer({ postgres: stackAddresses(options).postgres, perSecond: PER_SECOND, seed });
    await sleep(WRITE_MS);
    const written = await writer.stop();
    await weir.end(signal);
    return writtenText(written);
  });
}
