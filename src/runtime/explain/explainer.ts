import { didYouMean } from "../../record/nearest.ts";
import type { Instance } from "../lifecycle/instance.ts";
import { AskedParts, type AskOthers } from "./asked_parts.ts";
import type { Explanation, Page } from "./explanation.ts";
import { explainEvents } from "./explain_events.ts";
import { explainSink } from "./explain_sink.ts";
import { explainTable } from "./explain_table.ts";
import { explainTotal } from "./explain_total.ts";
import { answerHere } from "./here.ts";
import type { PartAnswer, PartQuestion } from "./part_answers.ts";
import type { AskedKey } from "./read_key.ts";
import { listed, type ListedTarget, targetsOf } from "./targets.ts";
import { knownKeyColumns } from "./trace_row.ts";

/** What is asked. */
interface ExplainQuestion extends Page {
  /** A sink, or a table by the name of its source or aggregate. */
  readonly table: string;
  readonly key: AskedKey;
}

/** What an explanation is made with. */
interface ExplainMeans {
  /** Asks the other instances. */
  readonly others: AskOthers;
  /** Waits before a difference between the state and ClickHouse is looked at again; absent: it is looked at once. */
  readonly pause?: (() => Promise<void>) | null;
}

/** Null before the topology is prepared. */
export function explainerOf(runner: { readonly instance: Instance | null } | null): Explainer | null {
  const instance = runner?.instance ?? null;
  return instance === null ? null : new Explainer(instance);
}

/**
 * Tells of one topology why keys are shown as they are, or not shown. It looks at what tasks hold, and asks the log and
 * the warehouse; it changes nothing, and costs nothing before it is asked.
 */
export class Explainer {
  readonly #instance: Instance;

  constructor(instance: Instance) {
    this.#instance = instance;
  }

  /** All that can be asked about. */
  targets(): ListedTarget[] {
    const instance = this.#instance;
    return targetsOf(instance.topics.plan).map((target) =>
      listed(target, (table) => knownKeyColumns(instance, table).map(({ name }) => name))
    );
  }

  /** What this instance has, as instances ask each other. @throws RangeError for a question of another plan */
  here(question: PartQuestion): Promise<PartAnswer> {
    return answerHere(this.#instance, question);
  }

  /**
   * The explanation of one key.
   * @throws TypeError for a name that there is not, and for what is no key of the table
   */
  async explain(question: ExplainQuestion, { others, pause = null }: ExplainMeans): Promise<Explanation> {
    const instance = this.#instance;
    const explaining = { instance, asked: new AskedParts(instance, others), pause };
    const { table, key, after, limit } = question;
    const page = { after, limit };
    const targets = targetsOf(instance.topics.plan);
    const target = targets.find(({ name }) => name === table);
    if (target === undefined) {
      const names = targets.map(({ name }) => name);
      throw new TypeError(
        `Cannot explain a key of "${table}": topology "${instance.topology.name}" has ${names.join(", ")}${
          didYouMean(table, names)
        }`,
      );
    }
    switch (target.kind) {
      case "rows":
        return await explainSink(explaining, { target, key, page });
      case "total":
        return await explainTotal(explaining, { target, key, page });
      case "table":
      case "global table":
        return await explainTable(explaining, { target, key, page });
      case "events":
        return await explainEvents(explaining, { target, key });
    }
  }
}
