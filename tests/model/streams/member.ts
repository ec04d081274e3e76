import type { Steps } from "./network.ts";

/** A task as one member has it. Another member, or this one, may have it too, of another tenure. */
export interface StreamTask {
  readonly partition: number;
  readonly tenure: number;
  readonly member: Member;
  /** Of the topic that it reads. */
  topicId: number;
  position: number;
  /** The calls of `advance` so far. */
  calls: number;
  /** The position that was committed last, with no range announced. */
  committed: number | null;
  /** Its start is over. */
  running: boolean;
  /** Nothing is left to do. */
  idle: boolean;
  /** It is to end as soon as it can without leaving anything half done. */
  stopping: boolean;
  /** In ticks that the member was awake: the announcement before, or when the task asked where it is. */
  pacedFrom: number;
  steps: Steps;
  over: boolean;
}

/** A process. */
export interface Member {
  readonly name: string;
  /** The version of the program that it runs. */
  readonly program: number;
  /** How far its own clock is off. */
  readonly skew: number;
  /** Ticks that it was not suspended. */
  awake: number;
  asleepUntil: number;
  /** The table's time when it was asked last, and `awake` then. */
  asked: { readonly time: number; readonly awake: number };
  readonly tasks: Map<number, StreamTask>;
  /** The probability that a task makes a step in a tick. */
  speed: number;
}
