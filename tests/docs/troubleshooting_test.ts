import { assert, assertEquals } from "@std/assert";
import { permitted } from "../cli/support.ts";
import { ROOT } from "./blocks/pages.ts";

/** What stands for names and numbers. */
const ANY = "…";

/** Messages that people meet first: each must be explained. */
const IMPORTANT = [
  ...["as this process's own data directory", "Cannot run on Kafka without ClickHouse", "Cannot listen on"],
  ...["Cannot start the embedded ClickHouse", "Cannot find a topology in", "Cannot import", "Cannot build topology"],
  ...["Cannot rebuild a table from topic", "Start stopped before it deletes", "Start with WEIR_GENERATION="],
  ...["Raise WEIR_GENERATION by one and start again", "holds rows of a later epoch than its inbox"],
  ...["Cannot take over the tables of topology", "delete.retention.ms is", "do not belong there", "Cannot use column"],
  ...["Cannot write to ClickHouse table", "was gone and is made again", "Give the user this right again"],
  ...["Free space on ClickHouse's disk", "has no X-ClickHouse-Summary", "any more", "Cannot reach Kafka at"],
  ...["Cannot log in to Kafka at", "Cannot trust Kafka at", "no topic of that name exists", "Cannot evaluate"],
  ...["Cannot insert", "The view leaves the group out", "it was declared otherwise when its results were made"],
  ...["Cannot hold", "Cannot ask the instance at", "Cannot verify without the source", "as one that reads"],
];

/** Messages of the source, on one line each: names and numbers as {@link ANY}, texts that are put together as one. */
async function messages(): Promise<string> {
  const texts: string[] = [];
  const walk = async (folder: string) => {
    for await (const { name, isDirectory } of Deno.readDir(folder)) {
      if (isDirectory) await walk(`${folder}/${name}`);
      else if (name.endsWith(".ts")) texts.push(await Deno.readTextFile(`${folder}/${name}`));
    }
  };
  await walk(`${ROOT}src`);
  return plain(texts.join("\n"));
}

function plain(code: string): string {
  let text = code.replaceAll(/\/\/[^\n]*$/gm, "").replaceAll(/["`]\s*\+\s*["`]/g, "");
  // The innermost first, as templates stand within templates.
  for (let before = ""; before !== text;) [before, text] = [text, text.replaceAll(/\$\{[^{}]*\}/g, ANY)];
  return text.replaceAll('\\"', '"');
}

/** What the page's headings quote. */
function quoted(page: string): string[] {
  return [...page.matchAll(/^### (.*)$/gm)].map(([, heading]) => /^`([^`]+)`/.exec(heading)![1]);
}

/** Whether the parts of a message between names are in the source, one behind the other and near. */
function isSaid(message: string, source: string): boolean {
  const parts = message.split(ANY).filter((part) => part.trim().length > 2);
  const pattern = parts.map((part) => part.trim().replaceAll(/[.*+?^${}()|[\]\\]/g, "\\$&")).join("[^\\n]{0,200}?");
  return new RegExp(pattern).test(source);
}

Deno.test("docs/troubleshooting.md quotes messages that the program says", { ignore: !permitted }, async () => {
  const source = await messages();
  const quotes = quoted(await Deno.readTextFile(`${ROOT}docs/troubleshooting.md`));
  assertEquals(quotes.filter((quote) => !isSaid(quote, source)), []);
  assert(quotes.length > 35, `${quotes.length} messages`);
});

Deno.test("docs/troubleshooting.md explains the messages that people meet first", { ignore: !permitted }, async () => {
  const source = await messages();
  const quotes = quoted(await Deno.readTextFile(`${ROOT}docs/troubleshooting.md`));
  assertEquals(IMPORTANT.filter((part) => !source.includes(part)), [], "no program says it any more");
  assertEquals(IMPORTANT.filter((part) => !quotes.some((quote) => quote.includes(part))), []);
});

Deno.test("plain(), quoted() and isSaid() find what is said, and nothing else", () => {
  const source = plain('throw new Error(`Cannot use "${name}" as ${f({ a: `${b}` })}: ` +\n  "do this");');
  assert(isSaid('Cannot use "…" as …: do this', source), source);
  assert(!isSaid('Cannot use "…" as …: do that', source));
  assertEquals(quoted("## `no`\n### `a …` or b\n"), ["a …"]);
});
