import type { Repair } from "../../../src/cli/doctor/finding.ts";
import { run } from "../artifacts.ts";
import { mariadb } from "../mariadb.ts";
import type { Stage } from "./stage.ts";

/** What Kafka's own scripts are, in a stack that has its jars alone. */
const PROGRAMS: Readonly<Record<string, string>> = {
  "kafka-configs": "kafka.admin.ConfigCommand",
  "kafka-topics": "org.apache.kafka.tools.TopicCommand",
};

/** Types a statement where it says that it is typed, to the letter. */
export async function typeStatement(stage: Stage, { where, statement }: Repair): Promise<void> {
  if (where === "clickhouse") return void await stage.command(statement);
  if (where === "postgres") {
    // Each by itself: ALTER SYSTEM takes no part in a transaction.
    for (const one of statement.split("; ")) await stage.sql(one);
    return;
  }
  if (where === "mysql") return await mariadb(stage.layout, { statements: [statement] });
  const folder = `${stage.layout.data}/weir/bin`;
  await Deno.mkdir(folder, { recursive: true });
  for (const [name, main] of Object.entries(PROGRAMS)) {
    const script = `#!/bin/sh\nexec java -cp '${stage.layout.libs}/kafka/*' ${main} "$@"\n`;
    await Deno.writeTextFile(`${folder}/${name}`, script, { mode: 0o755 });
  }
  await run("sh", [
    "-ec",
    `PATH="${folder}:$PATH"; ${statement.startsWith("curl ") ? `${statement} -sS --fail` : statement}`,
  ]);
}
