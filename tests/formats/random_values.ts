import { type Random, randomOf } from "./random.ts";

/** What a column's values look like on the wire. */
export type ValueKind =
  | "integer"
  | "float"
  | "decimal2"
  | "decimal0"
  | "zoned"
  | "micros"
  | "day"
  | "clock"
  | "boolean"
  | "word"
  | "text"
  | "uuid"
  | "bytes"
  | "units"
  | "list"
  | "document";

const digits = (random: Random, length: number): string => {
  let text = String(1 + random(9));
  while (text.length < length) text += random(10);
  return text;
};
const two = (random: Random, below: number): string => String(random(below)).padStart(2, "0");
const sign = (random: Random): string => random(4) === 0 ? "-" : "";
const LETTERS = [..."abcdefghijklmnopqrstuvwxyzABC 0123456789-_.,:;{}[]()<>@#üñ€😀é"];
const letters = (random: Random, length: number): string =>
  Array.from({ length }, () => LETTERS[random(random(4) === 0 ? 62 : 50)]).join("");

const zoned = (random: Random): string => {
  const fraction = random(7);
  const day = `${1990 + random(60)}-${String(1 + random(12)).padStart(2, "0")}-${
    String(1 + random(28)).padStart(2, "0")
  }`;
  const clock = `${two(random, 24)}:${two(random, 60)}:${two(random, 60)}`;
  return `"${day}T${clock}${fraction === 0 ? "" : `.${digits(random, fraction)}`}Z"`;
};

/** So many of each are made once: to make texts takes longer than to read them. */
const POOL = 500;
const pooled = (make: (random: Random) => string): (random: Random) => string => {
  const random = randomOf(POOL);
  const values = Array.from({ length: POOL }, () => make(random));
  return (random) => random.of(values);
};

/** JSON texts as Debezium writes them every day. */
export const USUAL: Readonly<Record<ValueKind, (random: Random) => string>> = {
  integer: (random) => random(20) === 0 ? "0" : sign(random) + digits(random, 1 + random(15)),
  float: (random) => `${sign(random)}${digits(random, 1 + random(4))}.${digits(random, 1 + random(12))}`,
  decimal2: (random) => `"${sign(random)}${digits(random, 1 + random(2))}.${two(random, 100)}"`,
  decimal0: (random) => `"${digits(random, 1 + random(9))}"`,
  zoned: pooled(zoned),
  // Also milliseconds where microseconds are declared, which are told.
  micros: (random) => random(2) === 0 ? digits(random, 16).replace(/^./, "1") : `17953221${digits(random, 5)}`,
  day: (random) => String(random(40_000)),
  clock: (random) => String(random(86_400_000) * 1000),
  boolean: (random) => random.of(["true", "false"]),
  word: (random) => `"${random.of(["pending", "paid", "shipped"])}"`,
  text: pooled((random) => JSON.stringify(letters(random, random(random(5) === 0 ? 120 : 30)))),
  uuid: pooled((random) => `"${"8-4-4-4-12".replaceAll(/\d+/g, (length) => hexDigits(random, Number(length)))}"`),
  bytes: pooled((random) => `"${btoa(digits(random, 3 * (1 + random(8))))}"`),
  units: pooled((random) => {
    const bytes = Array.from({ length: 1 + random(5) }, () => random(256));
    return `"${btoa(String.fromCharCode(...bytes))}"`;
  }),
  list: (random) => `[${Array.from({ length: random(4) }, () => random.of(['"a"', '"b c"', "7", "null"])).join(",")}]`,
  document: (random) => `{"a":${random(9)},"b":{"after":[1,"x"],"c":"${letters(random, 3).replaceAll(/["\\]/g, "")}"}}`,
};

function hexDigits(random: Random, length: number): string {
  return Array.from({ length }, () => "0123456789abcdef"[random(16)]).join("");
}

const ODD_TEXTS: readonly string[] = [
  ...[
    '""',
    '"a\\"b"',
    '"back\\\\"',
    '"\\\\\\\\\\""',
    '"tab\\t\\n\\r\\b\\f\\/"',
    '"\\u0041\\u00fc\\ud83d\\ude00"',
    '"\\ud800"',
  ],
  ...['"\\u00e"', '"\\x"', '"\\', '"open', '"line\nbreak"', '"zero\u0000"', '"\u007f\u0080"', '"\ufffd"', '"\ufeff"'],
  ...[
    '"\ud800 half"',
    '"},\\"after\\":{\\"id\\":7"',
    '",\\"op\\":\\"d\\""',
    '"{["',
    '"]}"',
    '",\\"source\\":{"',
    '"a,"',
  ],
  ...['"__debezium_unavailable_value"', '"X19kZWJleml1bV91bmF2YWlsYWJsZV92YWx1ZQ=="', '"word"', '"1.50"', '"12"'],
  ...[`"${"x".repeat(300)}"`, `"${"x".repeat(24)}"`, `"${"x".repeat(25)}"`, `"${'\\"'.repeat(3_000)}"`, '"ümlaut\\n"'],
  ...['"{\\"a\\": [1, 2], \\"b\\": \\"c\\\\\\"d\\"}"', "'a'", '"a""b"', '"AB  "', '"ABC"'],
];
const ODD_NUMBERS: readonly string[] = [
  ...["0", "-0", "-0.0", "0.0", "007", "-", "--1", "+5", "1.", ".5", "-.5", "1.5", "1.50", "1e3", "1E+3", "1e-7", "1e"],
  ...["1e400", "-1e400", "5e-324", "1.0E-5", "0.1", "0.30000000000000004", "123456.7890123456", "0x1", "NaN", "1.2.3"],
  ...["9007199254740991", "9007199254740992", "9007199254740993", "-9007199254740991", "-9007199254740993"],
  ...["9223372036854775807", "-9223372036854775808", "99999999999999999999", "1234567890123456", "1e16", "1.5e2"],
  ...["900719925474099.1", "9007199254740.993", "0.9007199254740993", "123456789012345678901234567890", "1 ", "1,2"],
  ...['"7"', '"-7"', '"007"', '"9007199254740993"', '"1e3"', '" 7"', "null", "true", "12", "1.50"],
];
const ODD_DECIMALS: readonly string[] = [
  ...['"19.9"', '"19.900"', '"1234"', '"12"', '"NaN"', '"NAN"', '"POSITIVE_INFINITY"', '"AZA="', '"AeJA"', '"1e3"'],
  ...['"00.50"', '".50"', '"5."', '"-0.00"', '"-0"', '"12345678901234567.89"', '"9999999999.99"', '"99999999999.99"'],
  ...['"123456789012345.67"', '"1.23E+5"', '"--1.00"', '"1.0.0"', '"1.00 "', '"+1.00"', '"-1.00"', '"0012"', '"0000"'],
  ...[
    '{"scale":2,"value":"AZA="}',
    '{"scale":0,"value":"AQ=="}',
    "19.90",
    "19.9",
    "7",
    '"1.00',
    '""',
    '"1.50"x',
    '"1.50"',
  ],
];
const ODD_TIMES: readonly string[] = [
  ...['"2026-11-22T04:35:30.238997Z"', '"2026-11-22T04:35:30Z"', '"2026-11-22T04:35:30.Z"', '"2026-11-22 04:35:30Z"'],
  ...['"2026-11-22T04:35:30.2389971Z"', '"2026-11-22T04:35:30.238997+02:00"', '"2026-11-22T04:35:30.238997"'],
  ...['"2024-02-29T00:00:00Z"', '"2026-02-29T00:00:00Z"', '"1900-02-29T00:00:00Z"', '"2000-02-29T24:00:00Z"'],
  ...['"2026-04-31T00:00:00Z"', '"2026-13-01T00:00:00Z"', '"2026-00-10T00:00:00Z"', '"2026-01-00T00:00:00Z"'],
  ...['"2026-01-01T24:00:00.000001Z"', '"2026-01-01T25:00:00Z"', '"2026-01-01T23:60:00Z"', '"2026-01-01T23:59:60Z"'],
  ...['"1899-12-31T23:59:59.999999Z"', '"1900-01-01T00:00:00Z"', '"2199-12-31T00:00:00Z"', '"2255-06-05T23:47:34Z"'],
  ...['"2256-01-01T00:00:00Z"', '"0001-01-01T00:00:00Z"', '"0000-02-29T00:00:00Z"', '"9999-12-31T00:00:00Z"'],
  ...['"infinity"', '"-infinity"', '"+12345-01-01T00:00:00Z"', '"20a6-11-22T04:35:30Z"', '"2026-1a-22T04:35:30Z"'],
  ...['"2026-11-22T04:35:3aZ"', '"2026-11-22T0a:35:30Z"', '"2026-11-22T04:35:30z"', '"2026-11-22"', '"04:35:30.5"'],
  ...[
    '"04:35:30+02:00"',
    '"24:00:00"',
    '"2026-11-22Z"',
    "9223372036825200000",
    "-2208988800000000",
    "20779",
    "-622191234",
  ],
];
const ODD_NESTED: readonly string[] = [
  ...[
    "[]",
    "{}",
    "[[]]",
    "[1,]",
    "[,1]",
    "[1 ,2]",
    "[1",
    '["a"',
    "[null,true,false]",
    "[9007199254740993]",
    "[1.5,1e3]",
  ],
  ...['["__debezium_unavailable_value"]', '{"__debezium_unavailable_value":"__debezium_unavailable_value"}', "[[[1]]]"],
  ...[
    '{"source":{"a":1}}',
    '{"a":1,"source":{"op":"d"}}',
    '{"x":{"y":1},"after":{"id":9},"source":{}}',
    '{"a":}',
    "{1}",
  ],
  ...['{"a":"}"}', '{"a":"\\"}"}', '{"a":[}]}', '{"a":1]', '{"a":1,"a":2}', '{"__proto__":{"b":1}}', '[{"a":"é"}]'],
  ...["[".repeat(17) + "]".repeat(17), "[".repeat(70) + "]".repeat(70), '{"a":'.repeat(20) + "1" + "}".repeat(20)],
  ...[
    '{"a": 1}',
    '["\\u0041","\\n"]',
    '["\\x"]',
    "[1}",
    "nul",
    "nulL",
    "True",
    "tru",
    "falsy",
    "undefined",
    "",
    " null",
  ],
];
const UUIDS: readonly string[] = [
  ...[
    '"81e2c6f4-f05a-4506-9e7e-7b0b5bed7272"',
    '"81E2C6F4-f05a-4506-9e7e-7b0b5bed7272"',
    '"81e2c6f4f05a45069e7e7b0b5b"',
  ],
  ...[
    '"81e2c6g4-f05a-4506-9e7e-7b0b5bed7272"',
    '"81e2c6f4-f05a-4506-9e7e-7b0b5bed727"',
    '"81e2c6f4-f05a-4506-9e7e7-b0b5bed7272"',
  ],
  ...[
    '"-1e2c6f4-f05a-4506-9e7e-7b0b5bed7272"',
    '"81e2c6f4-f05a-4506-9e7e-7b0b5bed7272',
    '"81e2c6f4-f05a-4506-9e7e-\\u0037b0b5bed7"',
  ],
];

/** JSON texts, and what is none, that come seldom or never. */
export const ODD: Readonly<Record<ValueKind, readonly string[]>> = {
  integer: ODD_NUMBERS,
  float: ODD_NUMBERS,
  decimal2: ODD_DECIMALS,
  decimal0: ODD_DECIMALS,
  zoned: ODD_TIMES,
  micros: [...ODD_TIMES, ...ODD_NUMBERS],
  day: ODD_TIMES,
  clock: ODD_TIMES,
  boolean: ODD_NESTED,
  word: ODD_TEXTS,
  text: ODD_TEXTS,
  uuid: UUIDS,
  bytes: ['"deadbeef"', '"DEADBEEF"', '"_-8="', '"AQ"', ...ODD_TEXTS],
  units: ODD_DECIMALS,
  list: ODD_NESTED,
  document: ODD_NESTED,
};
