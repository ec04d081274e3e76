import type { DeadLetter, DeadLetters } from "../src/ports/dead_letters.ts";

/** A store of dead letters that hands them to `put`, and has none open. */
export function lettersTo(put: DeadLetters["put"] = () => Promise.resolve()): DeadLetters {
  const none = () => Promise.resolve([]);
  return { put, resolve: () => Promise.resolve(), open: none, about: none };
}

/** Keeps them in `list`. */
export function lettersInto(list: DeadLetter[]): DeadLetters {
  return lettersTo((letters) => Promise.resolve(void list.push(...letters)));
}

/** For runs that must not have any. */
export const noLetters: DeadLetters = lettersTo((letters) =>
  Promise.reject(new Error(`${letters.length} dead letters`))
);

/** The letter of an order at this offset that cannot be read, but for some fields. */
export const unreadableOrder = (offset: number, fields: Partial<DeadLetter> = {}): DeadLetter => ({
  ...{ topology: "sales", stage: "decode", reason: "wrong_type", operator: "store.orders", error: "no number" },
  ...{
    topic: "store.orders",
    partition: 0,
    offset,
    key: `{"id":${offset}}`,
    record: "{}",
    occasion: null,
    stack: null,
  },
  ...{ task: "orders-0", epoch: 7, subject: String(offset), timestampMs: 1_000 },
  ...fields,
});

/** Letters of orders whose records are as long as a letter keeps, from offset 0 on. */
export const largeOrders = (count: number): DeadLetter[] =>
  Array.from({ length: count }, (_, offset) => unreadableOrder(offset, { record: "x".repeat(65_000) }));
