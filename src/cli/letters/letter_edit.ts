import type { StoredLetter } from "../../adapters/local/stored_letters.ts";
import { ConfigError } from "../../record/errors.ts";
import { MASKED } from "../../record/mask.ts";
import { parseRaw } from "../../record/raw_json.ts";
import type { LetterEdit } from "../../runtime/replays/replay.ts";
import type { ReadValue } from "../option_values.ts";

/** Files and columns that an edit is made of. */
export interface EditOptions {
  readonly "value-file"?: string;
  readonly "key-file"?: string;
  readonly set?: Readonly<Record<string, unknown>>;
}

/** How a letter that is longer than is kept ends. */
const CUT = /\.\.\. \[cut: at most \d+ bytes are kept\]$/;

/**
 * `column=value`, where the value is JSON, or else a text; or a JSON object of several columns. Digits stay as they
 * are.
 */
export const readColumns: ReadValue<Readonly<Record<string, unknown>>> = (text) => {
  const whole = jsonOf(text);
  if (typeof whole === "object" && whole !== null && !Array.isArray(whole) && text.trimStart().startsWith("{")) {
    return whole as Record<string, unknown>;
  }
  const [, column, value] = /^([^=]+)=(.*)$/s.exec(text) ?? [];
  if (column === undefined) return null;
  const json = jsonOf(value);
  return { [column]: json === undefined ? value : json };
};

/** What the options change; null: nothing. @throws ConfigError for a file that cannot be read */
export async function editOf(options: EditOptions): Promise<LetterEdit | null> {
  const { "value-file": valueFile, "key-file": keyFile, set } = options;
  if (valueFile === undefined && keyFile === undefined && set === undefined) return null;
  return {
    ...(valueFile === undefined ? {} : { value: await textOf(valueFile) }),
    ...(keyFile === undefined ? {} : { key: await textOf(keyFile) }),
    ...(set === undefined ? {} : { set }),
  };
}

/**
 * Opens the letter's record in the editor of the environment. Null if it was saved as it was.
 * @throws ConfigError without an editor, for a letter that holds no whole record, and if the editor fails
 */
export async function editInEditor({ id, record, stage }: StoredLetter): Promise<LetterEdit | null> {
  const editor = Deno.env.get("VISUAL") || Deno.env.get("EDITOR");
  if (!editor) {
    throw new ConfigError([
      `Cannot edit letter ${id}: there is no $EDITOR. Give --value-file FILE, or --set column=value`,
    ]);
  }
  if (stage !== "decode" || record === null || CUT.test(record)) {
    const why = stage === "decode" ? "it holds no whole record" : "it is of a row that was computed";
    throw new ConfigError([`Cannot open letter ${id}: ${why}. Give --set column=value, or --value-file FILE`]);
  }
  if (record.includes(MASKED)) {
    throw new ConfigError([
      `Cannot open letter ${id}: columns of its record are masked. Give --set column=value: others stay as they are`,
    ]);
  }
  const before = prettyOf(record);
  const path = await Deno.makeTempFile({ prefix: `weir-letter-${id}-`, suffix: ".json" });
  try {
    await Deno.writeTextFile(path, before);
    const command = new Deno.Command("sh", {
      args: ["-c", `${editor} "$1"`, "sh", path],
      stdin: "inherit",
      stdout: "inherit",
      stderr: "inherit",
    });
    const { success, code } = await command.spawn().status;
    if (!success) throw new ConfigError([`Cannot edit letter ${id}: "${editor}" ended with status ${code}`]);
    const after = await Deno.readTextFile(path);
    return after === before ? null : { value: after.trimEnd() };
  } finally {
    await Deno.remove(path);
  }
}

/** As people read it; what is no JSON as it is. */
function prettyOf(record: string): string {
  const value = jsonOf(record);
  return `${value === undefined ? record : JSON.stringify(value, null, 2)}\n`;
}

async function textOf(path: string): Promise<string> {
  try {
    const text = path === "-" ? await new Response(Deno.stdin.readable).text() : await Deno.readTextFile(path);
    return text.trimEnd();
  } catch (error) {
    throw new ConfigError([`Cannot read "${path}": ${(error as Error).message}`], { cause: error });
  }
}

function jsonOf(text: string): unknown {
  try {
    return parseRaw(text);
  } catch {
    return undefined;
  }
}
