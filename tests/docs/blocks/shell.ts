/** A command of a shell script, without what it is piped into. */
export type Words = readonly string[];

/** Words of the shell that stand before a command, or are none. */
const KEYWORDS = new Set(["for", "do", "done", "if", "then", "fi", "while", "else"]);

/** The commands of a script, their words without quotes, comments, redirections, and assignments before them. */
export function commandsOf(script: string): Words[] {
  const joined = script.replaceAll(/\\\n\s*/g, " ").replaceAll(/\|\n\s*/g, "| ");
  const commands: string[][] = [[]];
  for (const { text, kind } of tokensOf(joined)) {
    if (kind === "end") commands.push([]);
    else commands.at(-1)!.push(text);
  }
  return commands.map(plainCommand).filter((words) => words.length > 0);
}

/** Variables that a script sets or exports. */
export function variablesOf(script: string): string[] {
  return [...script.matchAll(/(?:^|[\s;])(?:export )?([A-Z][A-Z0-9_]+)=/gm)].map(([, name]) => name);
}

function plainCommand(words: readonly string[]): string[] {
  const kept = [...words];
  while (kept.length > 0 && (KEYWORDS.has(kept[0]) || /^[A-Za-z_]\w*=/.test(kept[0]))) {
    if (kept[0] === "for") return [];
    kept.shift();
  }
  const redirected = kept.findIndex((word) => /^\d?[<>]/.test(word));
  return redirected < 0 ? kept : kept.slice(0, redirected);
}

interface Token {
  readonly kind: "word" | "end";
  readonly text: string;
}

/** Words, and the ends of commands: a new line, `;`, `|`, `&&`, `&`. What `$(...)` holds is a word's text. */
function* tokensOf(script: string): Generator<Token> {
  const word = /"(?:[^"\\]|\\.)*"|'[^']*'|\$\([^)]*\)|<[a-z][\w ]*>|[^\s;|&"'#]#?|(?<=\S)#/y;
  const end = /[;|&\n]+/y;
  const skip = /[ \t]+|#[^\n]*/y;
  let text = "";
  for (let at = 0; at < script.length;) {
    const part = matchAt(word, { script, at });
    if (part !== null) {
      text += /^["']/.test(part) ? part.slice(1, -1) : part;
      at += part.length;
      continue;
    }
    if (text !== "") yield { kind: "word", text };
    text = "";
    const ending = matchAt(end, { script, at });
    if (ending !== null) yield { kind: "end", text: ending };
    at += (ending ?? matchAt(skip, { script, at }) ?? " ").length;
  }
  if (text !== "") yield { kind: "word", text };
}

function matchAt(pattern: RegExp, { script, at }: { script: string; at: number }): string | null {
  pattern.lastIndex = at;
  return pattern.exec(script)?.[0] ?? null;
}
