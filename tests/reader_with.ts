import type { Reader } from "../src/ports/log.ts";

/** `reader`, but for `changed`. A reader's methods are its class's, so that spreading it would lose them. */
export function readerWith(reader: Reader, changed: Partial<Reader>): Reader {
  return {
    seek: (topic, partition, offset) => reader.seek(topic, partition, offset),
    stop: (topic, partition) => reader.stop(topic, partition),
    pause: (topic, partition) => reader.pause(topic, partition),
    resume: (topic, partition) => reader.resume(topic, partition),
    poll: (waitMs) => reader.poll(waitMs),
    close: () => reader.close(),
    ...changed,
  };
}
