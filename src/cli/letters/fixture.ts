import type { StoredLetter } from "../../adapters/local/stored_letters.ts";
import { MASKED } from "../../record/mask.ts";
import { ConfigError } from "../../record/errors.ts";
import { ASSERT_EQUALS } from "../new/imports.ts";

/** Where a test finds what it imports. */
export interface FixtureImports {
  /** Folder of the topology files. */
  readonly topologies: string;
  /** What gives `createTopologyTestDriver`. */
  readonly testing: string;
}

const CUT = /\.\.\. \[cut: at most \d+ bytes are kept\]$/;

/**
 * Letters of records as a test of their topologies, which passes as it is: the record is written as it lay in the log,
 * and the same letter must come of it. Whoever repairs the topology changes what is expected. Gives its text in pieces.
 * `letters` is called twice.
 * @throws ConfigError for letters that hold no whole record
 */
export function* fixtureTexts(
  letters: () => Iterable<StoredLetter>,
  { topologies, testing }: FixtureImports,
): Generator<string> {
  const problems: string[] = [];
  const names = new Set<string>();
  for (const letter of letters()) {
    problems.push(...problemOf(letter));
    names.add(letter.topology);
  }
  if (problems.length > 0) throw new ConfigError(problems);
  yield [
    ASSERT_EQUALS,
    `import { createTopologyTestDriver } from ${text(testing)};`,
    ...[...names].sort().map((name) => `import ${identifier(name)} from ${text(`${topologies}/${name}.ts`)};`),
    "",
  ].join("\n");
  for (const letter of letters()) yield testOf(letter);
}

function testOf({ id, topology, stage, reason, operator, topic, key, record, error, offset, partition }: StoredLetter) {
  const name = `${topology}: letter ${id}, a record of ${topic} that cannot be read (${reason})`;
  const expected = JSON.stringify({ stage, reason, operator });
  const isMasked = [record, key].some((text) => text?.includes(MASKED) === true);
  return [
    "",
    ...isMasked ? [`// ${MASKED} stands for columns that are not shown: replace it with a value of each.`] : [],
    `// Partition ${partition}, offset ${offset}: ${error.replaceAll(/\s+/g, " ").slice(0, 80)}`,
    `Deno.test(${text(name)}, async () => {`,
    `  const topology = ${identifier(topology)};`,
    "  const topic = " + text(topic!) + ";",
    "  const source = [...topology.nodes, ...topology.streams]",
    '    .flatMap((node) => node.op === "source" || node.op === "events" ? [node.source] : [])',
    "    .find((spec) => spec.topic === topic)!;",
    "  // Records without a key are refused by topics that are compacted.",
    `  await using driver = createTopologyTestDriver(topology, { cleanup: "delete", partitions: 1 });`,
    `  const key = ${key === null ? "null" : text(key)};`,
    `  const value = ${record === null ? "null" : text(record)};`,
    '  if ("row" in source) driver.raw({ spec: source }, { key, value });',
    "  else driver.send({ spec: source }, { key: key === null ? null : new TextEncoder().encode(key), value });",
    "  await driver.settle();",
    "  const found = driver.deadLetters().map(({ stage, reason, operator }) => ({ stage, reason, operator }));",
    `  assertEquals(found, [${expected}]);`,
    "});",
    "",
  ].join("\n");
}

function problemOf({ id, stage, reason, topic, record, key }: StoredLetter): string[] {
  if (record === MASKED || key === MASKED) {
    return [`Cannot export letter ${id}: its record is masked. Write one like it with driver.raw(...)`];
  }
  if (stage !== "decode" || topic === null) {
    return [
      `Cannot export letter ${id}: it is of a row that was computed. Write the rows that it was made of with ` +
      "driver.insert(...)",
    ];
  }
  if (reason === "misplaced") {
    return [`Cannot export letter ${id}: wrong is the partition in which its record lies, and a test has only one`];
  }
  const cut = (record !== null && CUT.test(record)) || (key !== null && CUT.test(key));
  return cut ? [`Cannot export letter ${id}: its record is longer than a letter keeps`] : [];
}

/** As a literal of TypeScript. */
function text(value: string): string {
  return JSON.stringify(value).replaceAll("\u2028", "\\u2028").replaceAll("\u2029", "\\u2029");
}

/** `my-sales` as `mySales`. */
function identifier(name: string): string {
  return `${name.replaceAll(/[^A-Za-z0-9]+(\w?)/g, (_, letter: string) => letter.toUpperCase())}Topology`;
}
