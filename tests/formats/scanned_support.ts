import { createDecoder, type Decoder, type DecoderOptions, type MessageBytes } from "../../src/formats/decoder.ts";
import { declaredConverts } from "../../src/formats/declared_form.ts";
import { envelopeScanner } from "../../src/formats/envelope_scanner.ts";
import { readyColumns } from "../../src/formats/row_reader.ts";
import { UNAVAILABLE_DEFAULT, unavailableTest } from "../../src/formats/unavailable.ts";
import { Decimal } from "../../src/record/decimal.ts";

export interface Message {
  readonly key: MessageBytes;
  readonly value: MessageBytes;
}

/** Whether both are the same values of the same types: -0 is not 0, and objects have their keys in one order. */
export function same(a: unknown, b: unknown): boolean {
  if (Object.is(a, b)) return true;
  if (typeof a !== "object" || typeof b !== "object" || a === null || b === null) return false;
  if (Object.getPrototypeOf(a) !== Object.getPrototypeOf(b)) return false;
  if (a instanceof Decimal) return a.scale === (b as Decimal).scale && a.units === (b as Decimal).units;
  const [names, others] = [Object.keys(a), Object.keys(b)];
  return names.length === others.length &&
    names.every((name, index) =>
      name === others[index] && same((a as Record<string, unknown>)[name], (b as Record<string, unknown>)[name])
    );
}

/** What a decoder makes of a message: also an error is an answer. */
export function answer(decoder: Decoder, message: Message): unknown {
  try {
    return decoder.decode(message);
  } catch (error) {
    return {
      name: (error as Error).name,
      reason: (error as { reason?: string }).reason,
      said: (error as Error).message,
    };
  }
}

/** Both readers of a topic, what they told of its columns, and the scanner alone, which tells what it can read. */
export function readersOf(options: DecoderOptions, names: readonly string[]) {
  const told: { alone: unknown[]; both: unknown[] } = { alone: [], both: [] };
  const columns = readyColumns(options.source, options);
  const { placeholder = UNAVAILABLE_DEFAULT } = options;
  const scanner = envelopeScanner({
    columns,
    key: options.key,
    converts: declaredConverts(columns, options.format),
    isUnavailable: unavailableTest(placeholder),
    forms: placeholder === UNAVAILABLE_DEFAULT,
    valueBytesMax: 1_000_000,
  });
  scanner.learn(names);
  return {
    alone: createDecoder({ ...options, scans: false, onDoubt: (doubt) => told.alone.push(doubt) }),
    both: createDecoder({ ...options, onDoubt: (doubt) => told.both.push(doubt) }),
    told,
    scanner,
  };
}
