import type { Configuration } from "../config/configuration.ts";
import { pathsIn } from "../embedded_directory.ts";

/** Where dead letters are kept, in one word for all instances that keep them there, under whichever path. */
export function lettersIn(
  { deadLetters, dataDirectory }: Pick<Configuration, "deadLetters" | "dataDirectory">,
): string {
  if (deadLetters === "topic") return "topic";
  const { ino, birthtime } = Deno.statSync(pathsIn(dataDirectory).deadLetters);
  return `file ${ino} of ${birthtime?.getTime() ?? Deno.hostname()}`;
}
