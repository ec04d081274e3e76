import { assert } from "@std/assert";
import type { MessageBytes } from "../../src/formats/decoder.ts";
import { type Random, randomOf } from "./random.ts";
import { randomRecord, randomTopic } from "./random_envelopes.ts";
import { answer, type Message, readersOf, same } from "./scanned_support.ts";
import { encoder } from "./support.ts";

/** `WEIR_FUZZ=10000000 deno test -A tests/formats/scanned_envelopes_test.ts` for more; WEIR_SEED begins elsewhere. */
const ENVELOPES = Number(Deno.env.get("WEIR_FUZZ") ?? 100_000);
const SEED = Number(Deno.env.get("WEIR_SEED") ?? 1);
/** Of one topic: enough to learn from, and to go on after envelopes of another order; more where there are many. */
const ENVELOPES_OF_TOPIC = ENVELOPES > 1_000_000 ? 1_000 : 100;
/** Of so many envelopes one is given to the scanner alone, which tells whether it can read it. */
const ASKED_EVERY = 8;

function inBytes(made: { readonly key: string; readonly value: string }, random: Random): Message {
  if (random(4) === 0) return made;
  const value = encoder.encode(made.value);
  // Half of a character is no UTF-8.
  if (random(200) === 0 && value.length > 0) value[random(value.length)] = random.of([0xc3, 0x80, 0xff, 0xf0, 0xef]);
  return { key: encoder.encode(made.key), value };
}

function shownMessage({ key, value }: Message): string {
  const shown = (bytes: MessageBytes) => typeof bytes === "string" ? bytes : new TextDecoder().decode(bytes);
  return `${shown(key)} ${shown(value)}`;
}

Deno.test(`createDecoder() with its scanner reads ${ENVELOPES} random envelopes as without`, () => {
  let scanned = 0;
  // Refusals are many, and where they come from is not looked at.
  const { stackTraceLimit } = Error;
  Error.stackTraceLimit = 0;
  for (let made = 0, seed = SEED; made < ENVELOPES; made += ENVELOPES_OF_TOPIC, seed++) {
    const random = randomOf(seed);
    const topic = randomTopic(random);
    const { alone, both, told, scanner } = readersOf(topic.options, Object.keys(topic.wire));
    for (let index = 0; index < ENVELOPES_OF_TOPIC; index++) {
      const message = inBytes(randomRecord(topic, { random, oddOneIn: 30 }), random);
      const [expected, actual] = [answer(alone, message), answer(both, message)];
      if (!same(expected, actual)) {
        console.error(expected, actual, Object.keys(topic.options.row.shape), topic.options);
        throw new Error(`seed ${seed}, envelope ${index}: ${shownMessage(message)}`);
      }
      if (index % ASKED_EVERY === 0 && scanner.scan(message.value) !== null) scanned += ASKED_EVERY;
    }
    if (made % 1_000_000 === 0 && made > 0) console.log(`${made} read alike`);
    assert(same([...alone.unknownColumns], [...both.unknownColumns]), `unknown columns, seed ${seed}`);
    assert(same(told.alone, told.both), `doubts, seed ${seed}`);
  }
  Error.stackTraceLimit = stackTraceLimit;
  console.log(`seeds from ${SEED}: the scanner has read ${(100 * scanned / ENVELOPES).toFixed(1)} %`);
  assert(scanned > ENVELOPES / 8, `of ${ENVELOPES} envelopes ${scanned} were scanned`);
});
