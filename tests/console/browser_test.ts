import { assert } from "@std/assert";
import { fileURLToPath } from "node:url";
import { chromiumPath } from "./chromium_path.ts";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const SUITES = "console/tests/";

/** A test of the suites, as their report in the form of JUnit has it. */
interface Case {
  readonly name: string;
  readonly failure: string | null;
}

/**
 * What the page is tested with is not among Weir's own packages, so it runs in a process of its own, which knows them
 * from console/deno.json; each of its tests is a step of this one.
 */
async function runSuites(): Promise<
  { readonly cases: readonly Case[]; readonly success: boolean; readonly output: string }
> {
  const args = ["test", "--allow-all", "--config", "console/deno.json", "--frozen", "--reporter=junit", SUITES];
  const { success, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args,
    cwd: ROOT,
    env: { NO_COLOR: "1" },
  })
    .output();
  const output = new TextDecoder().decode(stdout);
  const found = output.matchAll(/<testcase name="([^"]*)"[^>]*?(?:\/>|>([\s\S]*?)<\/testcase>)/g);
  const cases = [...found].map(([, name, inside]) => ({
    name: unescaped(name),
    failure: /<(failure|error)/.test(inside ?? "") ? unescaped(inside) : null,
  }));
  return { cases, success, output: `${output}\n${new TextDecoder().decode(stderr)}` };
}

function unescaped(text: string): string {
  return text.replaceAll("&lt;", "<").replaceAll("&gt;", ">").replaceAll("&quot;", '"').replaceAll("&apos;", "'")
    .replaceAll("&amp;", "&");
}

if (chromiumPath() === null) {
  Deno.test.ignore(
    "console in a browser (skipped: no Chromium; apt-get install chromium, or name one in CHROMIUM)",
    () => {},
  );
} else {
  Deno.test("console in a browser", async (t) => {
    const { cases, success, output } = await runSuites();
    assert(cases.length > 20, `the suites ran:\n${output.slice(-4_000)}`);
    for (const { name, failure } of cases) await t.step(name, () => assert(failure === null, failure ?? ""));
    assert(success, `the suites ended well:\n${output.slice(-4_000)}`);
  });
}
