import { type Duration, durationUs } from "../dsl/time.ts";
import type { TestEvent } from "./event_topics.ts";

/** From when on events are, and how far apart. */
export interface InputTopicOptions {
  /** Time of the first event, milliseconds since the epoch; the driver's clock if absent. */
  readonly startMs?: number;
  /** So much later is each event than the one before, in whole milliseconds; not at all if absent. */
  readonly autoAdvance?: Duration;
}

/** A topic of events whose times go on by themselves, as Kafka Streams' test input topics have them. */
export interface TestInputTopic {
  /** Appends an event, as `driver.send` does. One without a time has the topic's, which goes on then. */
  pipeInput(event: TestEvent): void;
  /** Appends events one after the other. */
  pipeRecordList(events: Iterable<TestEvent>): void;
  /** Lets the topic's time go on, in whole milliseconds. The driver's clock stands still. */
  advanceTime(duration: Duration): void;
}

/** `send`: appends an event that has a time. @throws TypeError for what is no duration of whole milliseconds */
export function testInputTopic(
  { startMs, autoAdvance = { milliseconds: 0 } }: Required<Pick<InputTopicOptions, "startMs">> & InputTopicOptions,
  send: (event: TestEvent) => void,
): TestInputTopic {
  const advanceMs = wholeMs(autoAdvance);
  let nextMs = startMs;
  const pipeInput = (event: TestEvent) => {
    if (event.timestampMs !== undefined) return send(event);
    send({ ...event, timestampMs: nextMs });
    nextMs += advanceMs;
  };
  return {
    pipeInput,
    pipeRecordList: (events) => {
      for (const event of events) pipeInput(event);
    },
    advanceTime: (duration) => void (nextMs += wholeMs(duration)),
  };
}

function wholeMs(duration: Duration): number {
  const ms = durationUs(duration) / 1_000;
  if (Number.isInteger(ms)) return ms;
  throw new TypeError(`Cannot let a record's time go on by ${JSON.stringify(duration)}: it has whole milliseconds`);
}
