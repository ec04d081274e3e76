import { projectPath } from "../layout.ts";
import { examine } from "./misconfigurations.ts";
import type { Stage } from "./stage.ts";
import { runWeir } from "./weir.ts";

/** What is pulled, and what it is called then. */
interface Pulling {
  /** Options of `sources pull`. */
  readonly args: readonly string[];
  /** Exports of the file that is written, all of them with the key `id`. */
  readonly names: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
  /** What a person changes in the file, as its comments say. */
  readonly change?: (text: string) => string;
}

/** Declares the tables anew, and lets doctor read the real records by that: every column of every table. */
export async function pullAndRead(
  stage: Stage,
  { args, names, environment = {}, change = (text) => text }: Pulling,
): Promise<string> {
  const folder = `pulled_${args.join("_").replaceAll(/[^a-z]+/g, "_")}`;
  const topologies = { ...environment, ...await stage.writeTopologies(folder, { pulled: pulledText(names) }) };
  await stage.writeTopologies(`${folder}/pulled`, {});
  const output = `${topologies.WEIR_TOPOLOGIES}/pulled/sources.ts`;
  const { settings } = stage;
  const { status, stdout, stderr } = await runWeir(["sources", "pull", ...args, "--output", output], {
    ...settings,
    environment: { ...settings.environment, ...environment },
  });
  if (status !== 0) throw new Error(stderr);
  await Deno.writeTextFile(output, change(await Deno.readTextFile(output)));
  const found = (await examine(stage, topologies)).filter(({ check }) => check === "records.form");
  if (found.length !== names.length || found.some(({ verdict }) => verdict !== "ok")) {
    throw new Error(JSON.stringify(found));
  }
  return stdout.trim().split("\n")[0];
}

function pulledText(names: readonly string[]): string {
  return `
import { clickhouse, topology } from "file://${projectPath("src/mod.ts")}";
import { ${names.join(", ")} } from "./pulled/sources.ts";

export default topology("pulled", (builder) => {
  for (const source of [${names.join(", ")}]) {
    const sink = clickhouse("pulled_" + source.spec.name, { key: ["id"], columns: { id: "UInt64" } });
    builder.table(source as never).mapValues(({ id }: any) => ({ id })).to(sink as never);
  }
});
`;
}
