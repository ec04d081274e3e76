import { assert, assertEquals } from "@std/assert";
import { parseAllDocuments } from "yaml";
import { VARIABLE_NAMES } from "../../src/cli/config/environment_schema.ts";
import { permitted } from "../cli/support.ts";
import { postgresPrograms } from "../postgres_programs.ts";
import { clickHouseOfFile } from "../own_clickhouse.ts";
import { startCluster } from "../compose/postgres_cluster.ts";
import { type Block, placeOf, readPages, ROOT } from "./blocks/pages.ts";
import { commandProblems } from "./blocks/commands.ts";

const blocks = readPages().flatMap((page) => page.blocks);
const clickHouse = permitted ? clickHouseOfFile() : null;

/** Languages of blocks, and what runs or reads them. */
const LANGUAGES: Readonly<Record<string, string>> = {
  ts: "typescript_blocks_test.ts",
  rows: "typescript_blocks_test.ts",
  sh: "below",
  sql: "below",
  json: "below",
  yaml: "below",
  dockerfile: "kubernetes_page_test.ts",
  mermaid: "a picture",
  java: "another system's",
  ksql: "another system's",
  flinksql: "another system's",
  text: "what a program prints, or a picture",
};

/** Why a block may be one that is not run. A new reason is a decision, and has its place here. */
const REASONS: readonly string[] = [];

function of(language: string): Block[] {
  return blocks.filter((block) => block.language === language && !block.marker?.startsWith("not run: "));
}

Deno.test("Markdown: every block has a language that a test knows, and a marker only where one is", () => {
  const unknown = blocks.filter(({ language, page }) =>
    !(language in LANGUAGES) && !(language === "" && /^(src|tests)\//.test(page))
  );
  assertEquals(unknown.map((block) => `${placeOf(block)} "${block.language}"`), []);
  const reasons = blocks.flatMap(({ marker }) => /^not run: (.*)$/.exec(marker ?? "")?.[1] ?? []);
  assertEquals(reasons.filter((reason) => !REASONS.includes(reason)), []);
  const markers = blocks.filter(({ marker }) =>
    marker !== null && !/^(not run: |excerpt of |postgresql$)/.test(marker)
  );
  assertEquals(markers.map(placeOf), []);
});

Deno.test("Markdown: every command names tasks, options, files, services and variables that are there", async () => {
  const problems: string[] = [];
  for (const block of of("sh")) {
    for (const problem of await commandProblems(block.code)) problems.push(`${placeOf(block)}: ${problem}`);
  }
  assertEquals(problems, []);
  assert(of("sh").length > 20, "blocks were read");
});

Deno.test("Markdown: blocks of JSON and YAML can be read", () => {
  for (const block of of("json")) {
    const whole = attempt(() => JSON.parse(block.code));
    const byLine = attempt(() => block.code.trim().split("\n").forEach((line) => JSON.parse(line)));
    assert(whole === null || byLine === null, `${placeOf(block)}: ${whole}`);
  }
  for (const block of of("yaml")) {
    const errors = parseAllDocuments(block.code).flatMap((document) => "errors" in document ? document.errors : []);
    assertEquals(errors, [], placeOf(block));
  }
});

Deno.test("Markdown: ClickHouse understands every statement", { ignore: !permitted }, async () => {
  const own = of("sql").filter(({ marker }) => marker !== "postgresql");
  for (const block of own) {
    for (const statement of statementsOf(block.code)) {
      const answer = await fetch(clickHouse!().url, { method: "POST", body: `EXPLAIN AST ${statement}` });
      const text = await answer.text();
      assert(answer.ok, `${placeOf(block)}: ${text}`);
    }
  }
});

Deno.test("Markdown: whoever only reads may run every query that is shown", { ignore: !permitted }, async () => {
  const queries = [
    ...of("sql").filter(({ marker }) => marker !== "postgresql").flatMap(({ code }) => statementsOf(code)),
    ...of("sh").flatMap(({ code }) => [...code.matchAll(/"((?:SELECT|WITH)\b[^"]*)"/g)].map(([, sql]) => sql)),
  ].filter((sql) => /^(SELECT|WITH|SHOW|DESC|EXPLAIN)\b/.test(sql));
  for (const sql of queries) {
    const answer = await fetch(clickHouse!().readerUrl, { method: "POST", body: `EXPLAIN AST ${sql}` });
    assertEquals([answer.status, answer.ok ? "" : await answer.text()], [200, ""], sql);
    await answer.body?.cancel();
  }
  assert(queries.length > 5, "queries were read");
});

Deno.test({
  name: "Markdown: the store's PostgreSQL runs every statement that is said to be its",
  ignore: !permitted || postgresPrograms() === null,
  async fn() {
    const cluster = await startCluster();
    try {
      for (const block of of("sql").filter(({ marker }) => marker === "postgresql")) {
        for (const statement of statementsOf(block.code)) {
          await cluster.query("postgres", statement).catch((error) => {
            throw new Error(`${placeOf(block)}: ${error}`, { cause: error });
          });
        }
      }
    } finally {
      await cluster.close();
    }
  },
});

Deno.test("Markdown: every variable of Weir's that is named is read somewhere", { ignore: !permitted }, async () => {
  const names: readonly string[] = VARIABLE_NAMES;
  const sources = await allText(["src", "compose", "tests", "tools", "grafana"]);
  const isRead = (name: string) => names.includes(name) || sources.includes(name);
  const named = readPages().flatMap(({ path, text }) =>
    [
      ...text.replaceAll(/^```(?:ksql|flinksql)\n[\s\S]*?^```$/gm, "").matchAll(
        /\b(?:WEIR|KAFKA|CLICKHOUSE)_[A-Z_]*[A-Z]\b/g,
      ),
    ].map(([name]) => `${path}: ${name}`)
  );
  const missing = [...new Set(named)].filter((one) => !isRead(one.split(": ")[1]));
  assertEquals(missing, []);
  assert(named.length > 100, "variables were read");
});

function statementsOf(sql: string): string[] {
  return sql.replaceAll(/--[^\n]*/g, "").split(";").map((statement) => statement.trim()).filter((one) => one !== "");
}

function attempt(read: () => void): unknown {
  try {
    read();
    return null;
  } catch (error) {
    return error;
  }
}

/** The text of all files that are not Markdown. */
async function allText(folders: readonly string[]): Promise<string> {
  const texts: string[] = [];
  const walk = async (folder: string) => {
    for await (const { name, isDirectory } of Deno.readDir(`${ROOT}${folder}`)) {
      if (isDirectory && !["node_modules", "assets", "secrets"].includes(name)) await walk(`${folder}/${name}`);
      else if (/\.(ts|tsx|ya?ml|json|sh|xml|txt|sql)$|Dockerfile/.test(name)) {
        texts.push(await Deno.readTextFile(`${ROOT}${folder}/${name}`));
      }
    }
  };
  for (const folder of folders) await walk(folder);
  return texts.join("\n");
}
