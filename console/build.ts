/**
 * Builds the console: `deno task console:build`; with `--check` it only looks whether what is committed is what would
 * be built, and ends with status 1 if not. Equal sources give equal bytes, on every machine.
 */
import { build, type BuildOptions, stop } from "esbuild";
import { gzipSync } from "node:zlib";
import { ConfigError } from "../src/record/errors.ts";

const FOLDER = "src/cli/console/assets";
/** Both files, compressed. */
const GZIP_BYTES_MAX = 120_000;

/** The files by name. Bundles are made anew on each call. @throws ConfigError when they are too large */
async function bundle(): Promise<ReadonlyMap<string, string>> {
  const common = {
    bundle: true,
    minify: true,
    write: false as const,
    legalComments: "none" as const,
    charset: "utf8" as const,
    target: ["chrome120", "firefox121", "safari17"],
  } satisfies BuildOptions;
  const [script, style] = await Promise.all([
    build({
      ...common,
      entryPoints: ["console/main.tsx"],
      format: "esm",
      jsx: "automatic",
      jsxImportSource: "preact",
    }),
    build({ ...common, entryPoints: ["console/styles/main.css"] }),
  ]);
  await stop();
  const files = new Map([
    ["console.js", script.outputFiles[0].text],
    ["console.css", style.outputFiles[0].text],
  ]);
  const size = [...files.values()].reduce((sum, text) => sum + gzipSync(text, { level: 9 }).length, 0);
  if (size > GZIP_BYTES_MAX) {
    throw new ConfigError([
      `Cannot ship the console as at most ${GZIP_BYTES_MAX} bytes, compressed: it has ${size}. Leave something out`,
    ]);
  }
  console.log(`${[...files].map(([name, text]) => `${name} ${text.length}`).join(", ")}; ${size} bytes compressed`);
  return files;
}

const files = await bundle();
if (Deno.args.includes("--check")) {
  const stale = [...files].filter(([name, text]) => Deno.readTextFileSync(`${FOLDER}/${name}`) !== text);
  for (const [name] of stale) {
    console.error(`${FOLDER}/${name} is not what its sources give: run deno task console:build, and commit it`);
  }
  if (stale.length > 0) Deno.exit(1);
} else {
  await Deno.mkdir(FOLDER, { recursive: true });
  for (const [name, text] of files) await Deno.writeTextFile(`${FOLDER}/${name}`, text);
}
