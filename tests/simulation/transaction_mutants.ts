import { TransactionWriter } from "../../src/adapters/kafka/group/transaction_writer.ts";
import type { CommitParts, TransactionSteps } from "../../src/adapters/kafka/group/transaction_writer.ts";
import type { TransactionalWriter } from "../../src/adapters/kafka/protocol/transactions.ts";
import type { Progress } from "../../src/ports/log.ts";
import type { Mutant } from "./mutant.ts";
import { both, method } from "./mutate.ts";

/** A change of what is asked for in a commit. */
function asking(
  change: (
    steps: TransactionSteps,
    asked: { readonly progress: Progress; readonly writer: object },
  ) => TransactionSteps,
) {
  return method(
    TransactionWriter,
    "commit",
    (original) =>
      function (progress: Progress, { batches, steps }: CommitParts) {
        return original.call(this, progress, { batches, steps: change(steps, { progress, writer: this }) });
      },
  );
}

/** The epoch that each writer was given when its task began. */
const given = new WeakMap<object, TransactionalWriter>();

/** Noticed wherever a topic is written exactly once. */
export const APART_MUTANT: Mutant = {
  name: "onceApart",
  rule: "the position is part of the transaction",
  apply: asking((steps) => ({ ...steps, addGroup: () => Promise.resolve(), commitOffset: () => Promise.resolve() })),
};

/** Deliberate bugs of transactions, which `transaction_protocol_test.ts` notices. */
export const PROTOCOL_MUTANTS: readonly Mutant[] = [
  APART_MUTANT,
  {
    name: "onceUnlooked",
    rule: "whether a commit without an answer was taken is looked up before the same is written again",
    apply: asking((steps) => ({ ...steps, committed: () => Promise.resolve(null) })),
  },
  {
    name: "onceTrusted",
    rule: "a commit without an answer may not have been taken",
    apply: asking((steps, { progress }) => ({ ...steps, committed: () => Promise.resolve(progress) })),
  },
  {
    name: "onceSameEpoch",
    rule: "an epoch that failed is never used again",
    apply: both(
      method(TransactionWriter, "fence", (original) =>
        function (steps: Pick<TransactionSteps, "begin">) {
          return original.call(this, {
            begin: async (id: string) => {
              const writer = await steps.begin(id);
              given.set(this, writer);
              return writer;
            },
          });
        }),
      asking((steps, { writer }) => ({
        ...steps,
        begin: (id) => given.has(writer) ? Promise.resolve(given.get(writer)!) : steps.begin(id),
      })),
    ),
  },
  {
    name: "onceUnstable",
    rule: "a position is read when no transaction is about to change it",
    options: { log: { unstable: true } },
  },
  {
    name: "onceAnyone",
    rule: "the position is taken of the owner alone, whoever has the newest epoch",
    options: { log: { anyTenure: true } },
  },
];
