import { assert, assertThrows } from "@std/assert";
import type { StoredLetter } from "../../../src/adapters/local/stored_letters.ts";
import { fixtureTexts } from "../../../src/cli/letters/fixture.ts";
import { ConfigError } from "../../../src/record/errors.ts";

const letter: StoredLetter = {
  ...{
    id: "7",
    topology: "my-sales",
    stage: "decode",
    reason: "wrong_type",
    operator: "store.orders",
    error: "no\nnumber",
  },
  ...{ topic: "store.orders", partition: 2, offset: 5, key: '{"id":1}', record: '{"a":"\u2028`${x}"}', occasion: null },
  ...{ stack: null, task: "orders-2", epoch: 7, subject: "1", timestampMs: 1_000, resolvedMs: null, resolution: null },
  attempts: [],
};
const imports = { topologies: "../../topologies", testing: "../../src/testing/mod.ts" };
const textOf = (letters: readonly StoredLetter[]) => [...fixtureTexts(() => letters, imports)].join("");

Deno.test("fixtureTexts() imports each topology once, and writes records as literals", () => {
  const text = textOf([letter, { ...letter, id: "8", key: null }]);
  const says = [
    'import mySalesTopology from "../../topologies/my-sales.ts";\n',
    'Deno.test("my-sales: letter 7, a record of store.orders that cannot be read (wrong_type)"',
    "// Partition 2, offset 5: no number\n",
    String.raw`const value = "{\"a\":\"\u2028${"`${x}"}\"}";`,
    "const key = null;",
  ];
  for (const one of says) assert(text.includes(one), `${one}\n${text}`);
});

Deno.test("fixtureTexts() has one letter at a time, however many there are", () => {
  let read = 0;
  const letters = function* () {
    for (let id = 1; id <= 3; id++) {
      read++;
      yield { ...letter, id: String(id) };
    }
  };
  const texts = fixtureTexts(letters, imports);
  texts.next();
  const before = read;
  assert(texts.next().value!.includes("letter 1,") && read === before + 1);
});

Deno.test("fixtureTexts() says which letters no test can make again, all at once", () => {
  const others: StoredLetter[] = [
    { ...letter, id: "1", stage: "callback" },
    { ...letter, id: "2", reason: "misplaced" },
    { ...letter, id: "3", record: "{... [cut: at most 65536 bytes are kept]" },
  ];
  const { problems } = assertThrows(() => textOf([letter, ...others]), ConfigError) as ConfigError;
  assert(problems.length === 3 && problems.every((problem, index) => problem.includes(`letter ${index + 1}:`)));
});
