import type { Event, Output } from "./output.ts";

/**
 * The same output, of which the first line says where the instance listens, as people look for nothing else there. What
 * is told before is held back until then, or until it is said why there will be no such line.
 */
export function addressFirst(output: Output): Output {
  let held: Event[] | null = [];
  const release = () => {
    const behind = held ?? [];
    held = null;
    behind.forEach(output.event);
  };
  return {
    ...output,
    event(event) {
      if (held === null) return output.event(event);
      if (event.name === "listening") {
        output.event(event);
        release();
        // For whom the start waits cannot wait itself.
      } else if (event.name === "waiting") output.event(event);
      else if (event.name === "ended" || event.level === "error") {
        release();
        output.event(event);
      } else held.push(event);
    },
    close() {
      release();
      output.close();
    },
  };
}
