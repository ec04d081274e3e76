import { assertEquals } from "@std/assert";

/** What `patch` makes of a text. */
export function patched(text: string, diff: string): string {
  const lines = text === "" ? [] : text.replace(/\n$/, "").split("\n");
  const made: string[] = [];
  let next = 0;
  for (const line of diff === "" ? [] : diff.split("\n").slice(2)) {
    const head = /^@@ -(\d+),(\d+) \+(\d+),(\d+) @@$/.exec(line)?.map(Number);
    if (head !== undefined) {
      const from = head[2] === 0 ? head[1] : head[1] - 1;
      made.push(...lines.slice(next, from));
      next = from;
      assertEquals(made.length, head[4] === 0 ? head[3] : head[3] - 1, line);
    } else if (line.startsWith("+")) made.push(line.slice(1));
    else {
      assertEquals(line.slice(1), lines[next++]);
      if (line.startsWith(" ")) made.push(line.slice(1));
    }
  }
  return [...made, ...lines.slice(next)].map((line) => `${line}\n`).join("");
}
