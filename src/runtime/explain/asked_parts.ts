import type { Instance } from "../lifecycle/instance.ts";
import type { Unanswered } from "./explanation.ts";
import { flowHere, groupHere, heldHere, rowHere, stageHere } from "./here.ts";
import {
  type FlowAnswer,
  type FlowQuestion,
  type GroupAnswer,
  type GroupQuestion,
  type HeldAnswer,
  type HeldQuestion,
  mergeGroupAnswers,
  mergeRowAnswers,
  type PartAnswer,
  type PartQuestion,
  type RowAnswer,
  type RowQuestion,
  type StageAnswer,
  type StageQuestion,
  undecidedOf,
} from "./part_answers.ts";

/** What the other instances say, and who of them says nothing. */
export interface OthersAnswers {
  readonly answers: readonly PartAnswer[];
  readonly unanswered: readonly Unanswered[];
}

/** Asks the other instances. */
export type AskOthers = (question: PartQuestion) => Promise<OthersAnswers>;

/** Asks this instance, and the others for what it has not. */
export class AskedParts {
  readonly #instance: Instance;
  readonly #others: AskOthers;
  readonly #unanswered = new Map<string, Unanswered>();

  constructor(instance: Instance, others: AskOthers) {
    this.#instance = instance;
    this.#others = others;
  }

  /** Those that have said nothing so far. */
  get unanswered(): Unanswered[] {
    return [...this.#unanswered.values()];
  }

  /** What is known of a row: the others are asked if it is not here, and some partitions are not, either. */
  async row(question: RowQuestion): Promise<RowAnswer> {
    const own = await rowHere(this.#instance, question);
    if (own.trace !== null || question.global || this.#isWhole(own, question.table)) return own;
    const others = await this.#ask(question);
    const merged = mergeRowAnswers([own, ...others.filter((answer) => answer.kind === "row")]);
    // Whoever asks knows the key; where it is masked, nobody tells it.
    return merged.trace === null ? merged : { ...merged, trace: { ...merged.trace, keyText: question.key } };
  }

  /** What is known of a group, of which every task may have rows. */
  async group(question: GroupQuestion): Promise<GroupAnswer> {
    const own = await groupHere(this.#instance, question);
    if (this.#isWhole(own, question.table)) return own;
    const others = await this.#ask(question);
    return mergeGroupAnswers([own, ...others.filter((answer) => answer.kind === "group")], question.limit);
  }

  /** How far a partition of a stream is, as who has it says. */
  async flow(question: FlowQuestion): Promise<FlowAnswer> {
    const own = await flowHere(this.#instance, question);
    if (own.standing !== null) return own;
    const answers = [own, ...(await this.#ask(question)).filter((answer) => answer.kind === "flow")];
    const standing = answers.find((answer) => answer.standing !== null)?.standing ?? null;
    return { kind: "flow", standing, letters: answers.flatMap(({ letters }) => letters) };
  }

  /** What a stage's task tells of events; null: nobody who has it has answered. */
  async stage(question: StageQuestion): Promise<StageAnswer["looks"]> {
    const own = stageHere(this.#instance, question);
    if (own.looks !== null) return own.looks;
    const answers = (await this.#ask(question)).filter((answer) => answer.kind === "stage");
    return answers.find(({ looks }) => looks !== null)?.looks ?? null;
  }

  /** What a stage holds back of a row; null: nothing, as far as its tasks have answered. */
  async held(question: HeldQuestion): Promise<HeldAnswer["held"]> {
    const { held, isWhole } = heldHere(this.#instance, question);
    if (held !== null || isWhole) return held;
    const answers = (await this.#ask(question)).filter((answer) => answer.kind === "held");
    return answers.map((answer) => answer.held).find((one) => one !== null) ?? null;
  }

  #isWhole(answer: RowAnswer | GroupAnswer, table: number): boolean {
    return undecidedOf(answer, this.#instance.topics.partitions[table]).length === 0;
  }

  async #ask(question: PartQuestion): Promise<readonly PartAnswer[]> {
    const { answers, unanswered } = await this.#others(question);
    for (const one of unanswered) this.#unanswered.set(one.instance, one);
    return answers;
  }
}
