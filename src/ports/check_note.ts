import { NOTE_BYTES_MAX, type Progress } from "./log.ts";

/** @throws RangeError when the note is larger than every log must take */
export function checkNote({ topic, partition, note }: Progress): void {
  const bytes = new TextEncoder().encode(note).length;
  if (bytes <= NOTE_BYTES_MAX) return;
  throw new RangeError(
    `Cannot commit a note of at most ${NOTE_BYTES_MAX} bytes for "${topic}" partition ${partition}: ` +
      `current value is ${bytes} bytes. Note less`,
  );
}
