import type { TaskTable } from "../../plan/physical.ts";
import type { KeyColumns } from "../../processor/key_value.ts";
import { compiledProgram } from "../../processor/compiled_program.ts";
import type { Outcomes } from "../../processor/outcomes.ts";
import type { Program } from "../../processor/program.ts";
import type { ProcessorError } from "../../record/errors.ts";
import type { Key } from "../../record/key.ts";
import type { Value } from "../../record/row.ts";
import type { Entries } from "../../state/entries.ts";
import { AskedRights, GlobalRights } from "../../state/right_store.ts";
import type { Expiry } from "./expiry.ts";
import type { Slot } from "../../state/slots.ts";
import type { TaskContext } from "./task_context.ts";

/** The right rows that a task's rows look up, one store for each lookup of the table, in its order. */
export function createStores(parts: {
  readonly context: TaskContext;
  readonly table: TaskTable;
  readonly entries: Entries;
  readonly conversation: {
    /** Asks the home of a right row for it, the first time that somebody looks it up. */
    subscribe(lookup: number, key: Key): Value;
    /** An entry waits for what a snapshot held of it. */
    hurry(lookup: number, right: Slot): void;
    /** Nobody looks it up any more. */
    unsubscribe(lookup: number, key: Key): void;
  };
}): (AskedRights | GlobalRights)[] {
  const { context, table, entries, conversation } = parts;
  return table.lookups.map((lookup, index) =>
    lookup.global
      ? new GlobalRights(entries.keys, context.globals.view(lookup.table, lookup.step))
      : new AskedRights(entries.keys, {
        ask: (key) => conversation.subscribe(index, key),
        hurry: (right) => conversation.hurry(index, right),
        leave: (key) => conversation.unsubscribe(index, key),
      })
  );
}

/** Right rows from a snapshot that are not confirmed yet. */
export function unconfirmedRights(stores: readonly (AskedRights | GlobalRights)[]): number {
  let rights = 0;
  for (const store of stores) if (store instanceof AskedRights) rights += store.unconfirmed;
  return rights;
}

/** The program of a table's rows, reading right rows from `stores`. */
export function createTableProgram(parts: {
  readonly context: TaskContext;
  readonly table: TaskTable;
  readonly entries: Entries;
  readonly stores: readonly (AskedRights | GlobalRights)[];
  readonly keyColumns: KeyColumns;
  readonly outcomes: Outcomes;
  /** Null if no rows expire. */
  readonly expiry: Expiry | null;
  readonly onError: (error: ProcessorError) => void;
}): Program {
  const { context, table, entries, stores, keyColumns, outcomes, expiry, onError } = parts;
  const options = {
    steps: table.steps,
    lookups: table.lookups,
    stores,
    entries,
    keyColumns,
    outcomes,
    outputs: new Set([...table.sinks, ...table.groups, ...table.serves].map(({ step }) => step)),
    onError,
    ...(expiry === null ? {} : { ages: expiry }),
  };
  const program = compiledProgram(options, { afterRows: context.options.compileAfterRows });
  return expiry === null ? program : timed(program, expiry);
}

/** The program, which also notes when its entries are to be evaluated again. */
function timed(program: Program, expiry: Expiry): Program {
  return {
    run(entry) {
      expiry.begin();
      const registers = program.run(entry);
      expiry.end(entry);
      return registers;
    },
  };
}
