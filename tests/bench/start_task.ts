import settings from "../../deno.json" with { type: "json" };

const WORDS = settings.tasks.start.split(" ");
const PROGRAM = WORDS.indexOf("deno");

/** Variables that `deno task start` sets. */
export const START_ENVIRONMENT: Readonly<Record<string, string>> = Object.fromEntries(
  WORDS.slice(0, PROGRAM).map((word) => word.split("=") as [string, string]),
);

/** What it gives to `deno`, from `run` on. */
export const START_ARGUMENTS: readonly string[] = WORDS.slice(PROGRAM + 1);

const [V8_OPTION] = START_ARGUMENTS.filter((word) => word.startsWith("--v8-flags="));

/** Flags of V8 among them. */
export const START_FLAGS: readonly string[] = V8_OPTION.slice("--v8-flags=".length).split(",");
