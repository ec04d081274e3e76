import { assertEquals } from "@std/assert";
import type { Key } from "../../../src/record/key.ts";
import { describeKeys } from "../../../src/runtime/stores/unmatched_keys.ts";

const cases: readonly (readonly [wanted: Key, there: Key, text: string])[] = [
  [17, '"17"', 'keys of "r" are text, e.g. "17"; those looked for are numbers, e.g. 17. They would be found as text'],
  [
    '"17"',
    17,
    'keys of "r" are numbers, e.g. 17; those looked for are text, e.g. "17". They would be found as numbers',
  ],
  [
    '" a "',
    '"a"',
    'keys of "r" are text, e.g. "a"; those looked for are text, e.g. " a ". ' +
    "They would be found without the blanks around them",
  ],
  [
    '"A"',
    '"a"',
    'keys of "r" are text, e.g. "a"; those looked for are text, e.g. "A". They would be found in lower case',
  ],
  [
    '"007"',
    '"7"',
    'keys of "r" are text, e.g. "7"; those looked for are text, e.g. "007". ' +
    "They would be found without the zeros before them",
  ],
  [
    '"product-7"',
    7,
    'keys of "r" are numbers, e.g. 7; those looked for are text, e.g. "product-7". ' +
    "They would be found without what is before their last -, _, : or /, as numbers",
  ],
  [1, 2, 'keys of "r" are numbers, e.g. 2; those looked for are numbers, e.g. 1'],
  ['1,"a"', '2,"a"', 'keys of "r" are 2 values, e.g. 2,"a"; those looked for are 2 values, e.g. 1,"a"'],
];

Deno.test("describeKeys() shows both sides' keys, and what would make one of the other", async (t) => {
  for (const [wanted, there, text] of cases) {
    await t.step(
      text,
      () => assertEquals(describeKeys({ wanted: [wanted], there: [there], has: (key) => key === there }, "r"), text),
    );
  }
});
