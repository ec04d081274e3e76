/** What was seen of a column that no schema describes. */
export interface SeenType {
  readonly expression: string;
  readonly comment?: string;
}

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;
const ZONED = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$/;
const LOCAL = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?$/;
const DECIMAL = /^-?(0|[1-9]\d*)\.\d+$/;
/** Microseconds since the epoch of the years 2000 to 2100. */
const MICROS = [946_684_800_000_000, 4_102_444_800_000_000] as const;

/** What values that are not null, of which there is one at least, look like. */
export function seenType(values: readonly unknown[]): SeenType {
  const every = (is: (value: unknown) => boolean) => values.every(is);
  if (every((value) => typeof value === "boolean")) return { expression: "z.boolean()" };
  if (every((value) => typeof value === "bigint" || Number.isInteger(value))) return seenIntegers(values as number[]);
  if (every((value) => typeof value === "number")) return { expression: "float8()" };
  if (every((value) => typeof value === "string")) return seenTexts(values as string[]);
  if (every(Array.isArray)) {
    const elements = (values as unknown[][]).flat().filter((value) => value !== null);
    if (elements.length === 0) {
      return { expression: "z.array(z.string())", comment: "Only empty arrays were seen: of what, is guessed." };
    }
    const { expression, comment } = seenType(elements);
    return { expression: `z.array(${expression})`, comment };
  }
  return { expression: "z.unknown()", comment: "Values of several kinds, or objects, were seen: declare it by hand." };
}

function seenIntegers(values: readonly number[]): SeenType {
  const micros = values.every((value) => value >= MICROS[0] && value < MICROS[1]);
  return micros
    ? { expression: "int8()", comment: "As large as microseconds since the epoch: timestamp(), if it is a timestamp." }
    : { expression: "int8()" };
}

function seenTexts(texts: readonly string[]): SeenType {
  const every = (form: RegExp) => texts.every((text) => form.test(text));
  if (every(UUID)) return { expression: "uuid()" };
  if (every(ZONED)) return { expression: "timestamptz()" };
  if (every(LOCAL)) return { expression: "timestamp()" };
  if (every(DECIMAL)) {
    const scales = new Set(texts.map((text) => text.length - text.indexOf(".") - 1));
    const [scale] = scales;
    if (scales.size === 1) return { expression: "numeric()", comment: `Decimals of scale ${scale} were seen.` };
    return { expression: "numeric()" };
  }
  return texts.every(isJson) ? { expression: "json()" } : { expression: "z.string()" };
}

function isJson(text: string): boolean {
  if (!/^\s*[{[]/.test(text)) return false;
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
