/** One line of a Dockerfile: `RUN`, `COPY`, ... and what follows it, continued lines joined and comments left out. */
export interface Instruction {
  readonly keyword: string;
  readonly text: string;
}

export interface Stage {
  readonly image: string;
  /** `FROM ... AS name`; null if it has none. */
  readonly name: string | null;
  readonly instructions: readonly Instruction[];
}

/** The stages of a Dockerfile in their order. */
export function parseDockerfile(text: string): Stage[] {
  const joined = text.split("\n").filter((line) => !/^\s*#/.test(line)).join("\n").replaceAll(/\\\n\s*/g, "");
  const stages: { image: string; name: string | null; instructions: Instruction[] }[] = [];
  for (const line of joined.split("\n")) {
    const match = /^(\w+)\s+(.*)$/.exec(line.trim());
    if (match === null) continue;
    const [, keyword, rest] = match;
    if (keyword === "FROM") {
      const [, image, name] = /^(\S+)(?:\s+AS\s+(\S+))?$/.exec(rest)!;
      stages.push({ image, name: name ?? null, instructions: [] });
    } else stages.at(-1)!.instructions.push({ keyword, text: rest });
  }
  return stages;
}

/** The texts of all instructions of a kind, in their order. */
export function textsOf(stage: Stage, keyword: string): string[] {
  return stage.instructions.filter((instruction) => instruction.keyword === keyword).map(({ text }) => text);
}

/**
 * `--allow-read=a,b` and the like of a command of `deno run`: the list by the flag's name; an empty list for a flag
 * without one.
 */
export function permissionsOf(command: readonly string[]): Record<string, string[]> {
  const flags = command.filter((word) => /^--(allow|deny|ignore)-|^-[A-Z]/.test(word));
  return Object.fromEntries(flags.map((flag) => {
    const [name, list] = flag.split("=");
    return [name, list === undefined ? [] : list.split(",")];
  }));
}
