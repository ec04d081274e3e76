import { assert, assertEquals } from "@std/assert";
import { openEmbeddedLog } from "../../../src/adapters/embedded_log/log.ts";
import { permitted, runMain, withDirectory } from "../support.ts";

const ANEW = ["begin anew", "nothing of your databases", "rm -r"];

const PAGE_BYTES = 4_096;

/** What is wrong with a data directory, and what the message must say. */
const DAMAGES: readonly {
  readonly name: string;
  readonly damage: (data: string) => Promise<void>;
  readonly says: readonly string[];
}[] = [
  ...["log", "store", "dlq"].map((file) => ({
    name: `a foreign ${file}.db`,
    damage: (data: string) => Deno.writeTextFile(`${data}/${file}.db`, "this is no database"),
    says: [`${file}.db`, "not a database", ...ANEW],
  })),
  {
    name: "pages of zeros in log.db",
    damage: async (data: string) => {
      await openEmbeddedLog({ path: `${data}/log.db` }).close();
      const file = await Deno.open(`${data}/log.db`, { write: true });
      await file.seek(2 * PAGE_BYTES, Deno.SeekMode.Start);
      await file.write(new Uint8Array((await file.stat()).size - 2 * PAGE_BYTES));
      file.close();
    },
    says: ["malformed", ...ANEW],
  },
  {
    name: "a folder in the place of log.db",
    damage: (data) => Deno.mkdir(`${data}/log.db`),
    says: ["log.db", "unable to open", ...ANEW],
  },
  {
    name: "a file in the place of ClickHouse's folder",
    damage: (data) => Deno.writeTextFile(`${data}/clickhouse`, ""),
    says: ["/clickhouse", ...ANEW],
  },
];

for (const { name, damage, says } of DAMAGES) {
  Deno.test({
    name: `start says what is wrong with ${name}, and how to begin anew`,
    ignore: !permitted,
    fn: () =>
      withDirectory(async (data) => {
        await damage(data);
        const args = [
          "start",
          "mirror",
          "--no-check",
          "--data",
          data,
          "--demo-size",
          "small",
          "--port",
          "0",
          "--duration",
          "100ms",
        ];
        const { status, err } = await runMain(args);
        assertEquals(status, 1, err);
        for (const text of says) assert(err.includes(text), err);
        assert(!err.includes("\n    at "), err);
      }),
  });
}

Deno.test({
  name: "start says that a file is no data directory",
  ignore: !permitted,
  fn: () =>
    withDirectory(async (directory) => {
      await Deno.writeTextFile(`${directory}/file`, "");
      const { status, err } = await runMain([
        "start",
        "mirror",
        "--no-check",
        "--data",
        `${directory}/file`,
        "--port",
        "0",
      ]);
      assertEquals([status, err.includes("as a data directory"), err.includes("--data")], [1, true, true], err);
      assert(!err.includes("\n    at "), err);
    }),
});
