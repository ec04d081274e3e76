/** An error in ClickHouse's own terms: what clients of its HTTP interface expect to read. */
export class Exception extends Error {
  override readonly name = "Exception";
  readonly code: number;
  readonly codeName: string;
  constructor(kind: { readonly code: number; readonly codeName: string }, message: string) {
    super(message);
    this.code = kind.code;
    this.codeName = kind.codeName;
  }
}

const BY_STATUS: Readonly<Record<number, readonly number[]>> = {
  400: [6, 8, 15, 25, 26, 27, 36, 37, 38, 41, 44, 53, 62, 72, 117, 123, 167, 168, 223, 321, 376, 427, 441, 675, 676],
  401: [194],
  403: [192, 193, 497, 512, 516],
  404: [46, 47, 50, 56, 60, 63, 73, 78, 81, 115, 152, 336, 511],
  408: [159],
  411: [381],
  413: [229],
  415: [779],
  501: [48],
  503: [76, 209, 439],
};
const STATUS = new Map(
  Object.entries(BY_STATUS).flatMap(([status, codes]) => codes.map((code) => [code, Number(status)] as const)),
);

/** The exception that the engine's message speaks of; 1002 (UNKNOWN_EXCEPTION) if it names no code. */
export function exceptionOf(error: unknown): Exception {
  if (error instanceof Exception) return error;
  const text = error instanceof Error ? error.message : String(error);
  const match = /^(?:Code: (\d+)\. DB::Exception: )+/.exec(text);
  if (!match) return new Exception({ code: 1002, codeName: "UNKNOWN_EXCEPTION" }, text);
  const name = /\(([A-Z0-9_]{3,})\)\s*$/.exec(text);
  const message = text.slice(match[0].length).replace(
    /(?:\s*\((?:version [^()]*(?:\([^()]*\))?|[A-Z0-9_]{3,})\)\.?)+\s*$/,
    "",
  );
  return new Exception({ code: Number(match[1]), codeName: name ? name[1] : "UNKNOWN_EXCEPTION" }, message);
}

/** HTTP status that ClickHouse's server gives to the code; 500 for most. */
export function statusOf(code: number): number {
  return STATUS.get(code) ?? 500;
}

/** The response's text: `Code: 60. DB::Exception: ... (UNKNOWN_TABLE) (version 26.7.2.1)`. */
export function exceptionText(exception: Exception, version: string): string {
  return `Code: ${exception.code}. DB::Exception: ${exception.message} (${exception.codeName}) (version ${version})\n`;
}
