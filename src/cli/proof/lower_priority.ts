import { setPriority } from "node:os";

/** What others need the processor for comes first. */
const NICE = 10;

/** Where this is not allowed, or not possible, the proof has the same part of the processor as all others. */
export function lowerPriority(): void {
  try {
    setPriority(NICE);
  } catch {
    // It still reads no faster than it may.
  }
}
