import { parseArgs } from "node:util";
import { readSuites, RECORDED, type Suite } from "./recorded.ts";
import { reportText } from "./report_text.ts";
import { runSuites, verdictsOf } from "./run_suites.ts";

const HELP = `deno task conformance: recorded runs of Kafka Streams, step by step against Weir

  --dir PATH   a directory of recorded runs, or one file (default: those of tests/conformance/data)

Exit status 1: something differs that is not declared. 2: no recorded runs could be read.`;

const { values } = parseArgs({
  options: { dir: { type: "string" }, help: { type: "boolean", default: false } },
});

/** The recorded runs that were asked for; null after saying why there are none. */
async function suites(): Promise<readonly Suite[] | null> {
  try {
    return await readSuites(values.dir ?? RECORDED);
  } catch (error) {
    if (!(error instanceof TypeError) && !(error instanceof Deno.errors.NotFound)) throw error;
    console.error(error.message);
    return null;
  }
}

async function main(): Promise<number> {
  if (values.help) {
    console.log(HELP);
    return 0;
  }
  const read = await suites();
  if (read === null) return 2;
  const reports = await runSuites(read);
  console.log(reportText(reports));
  return verdictsOf(reports.flatMap(({ runs }) => runs)).some(({ kind }) => kind === "different") ? 1 : 0;
}

Deno.exit(await main());
