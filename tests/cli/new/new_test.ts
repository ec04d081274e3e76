import { assert, assertEquals, assertRejects } from "@std/assert";
import { writeTopology } from "../../../src/cli/new/new.ts";
import { UsageError } from "../../../src/cli/usage_error.ts";
import { ConfigError } from "../../../src/record/errors.ts";
import { permitted } from "../support.ts";

const CONFIG = new URL("../../../deno.json", import.meta.url).pathname;

async function withDirectory(
  use: (directories: { topologies: string; tests: string }) => Promise<void>,
): Promise<void> {
  const directory = await Deno.makeTempDir();
  try {
    await use({ topologies: `${directory}/topologies`, tests: `${directory}/tests/topologies` });
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
}

Deno.test(
  "writeTopology() writes a topology and a test that passes and is formatted",
  { ignore: !permitted },
  async () => {
    await withDirectory(async (directories) => {
      const [topology, test] = await writeTopology("my-sales_2", directories);
      const { default: declared } = await import(`file://${topology}`);
      assertEquals(declared.name, "my-sales_2");
      assertEquals(declared.nodes.find((node: { op: string }) => node.op === "sink").sink.name, "my_sales_2");
      for (
        const args of [["test", "-A", "--config", CONFIG, test], ["fmt", "--check", "--config", CONFIG, topology, test]]
      ) {
        const { success, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
          args,
          stdout: "piped",
          stderr: "piped",
        }).output();
        assert(success, new TextDecoder().decode(stdout) + new TextDecoder().decode(stderr));
      }
    });
  },
);

Deno.test("writeTopology() overwrites nothing and shares no table", { ignore: !permitted }, async () => {
  await withDirectory(async (directories) => {
    await writeTopology("demo-one", directories);
    const twice = await assertRejects(() => writeTopology("demo-one", directories), ConfigError);
    assertEquals(twice.problems.length, 2, twice.message);
    const shared = await assertRejects(() => writeTopology("demo_one", directories), ConfigError);
    assert(shared.message.includes('"demo_one" as a new ClickHouse table'), shared.message);
  });
});

Deno.test("writeTopology() refuses names that cannot be", { ignore: !permitted }, async () => {
  for (const name of ["", "Demo", "a b", "../x", "x.ts", "-a", "a-", "a--b", "1a", "ä"]) {
    await assertRejects(() => writeTopology(name, { topologies: "/nowhere", tests: "/nowhere" }), UsageError);
  }
});
