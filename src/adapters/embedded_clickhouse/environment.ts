/** Everything that makes up one request beside its statement. It holds for this request alone. */
export interface Environment {
  readonly database: string | null;
  readonly settings: ReadonlyMap<string, string>;
  /** Values of `{name:Type}` placeholders, in ClickHouse's escaped text form. */
  readonly parameters: ReadonlyMap<string, string>;
  /** 0, 1 or 2 as ClickHouse's setting of this name; applied last. */
  readonly readonly: 0 | 1 | 2;
  /** `reading`: of the engine's rights those to read tables, and no others. */
  readonly rights: "all" | "reading";
  /** Format of rows when the statement names none. */
  readonly defaultFormat: string;
  /** Aborted when nobody waits for the answer any more. A statement that only reads ends then. */
  readonly gone: AbortSignal;
}

export type Outcome =
  | { readonly kind: "rows"; readonly bytes: Uint8Array; readonly rows: number }
  | { readonly kind: "stream"; readonly chunks: AsyncIterable<Uint8Array> }
  | { readonly kind: "written"; readonly rows: number; readonly bytes: number };
