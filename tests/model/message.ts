import type { Row, Version } from "./values.ts";

/** What one task tells another. */
export type Content =
  | { readonly kind: "hello" }
  /** `held`: the digest of what the home has; undefined for nothing. */
  | { readonly kind: "subscribe"; readonly key: string; readonly held: string | null | undefined }
  | { readonly kind: "unsubscribe"; readonly key: string }
  | { readonly kind: "value"; readonly key: string; readonly row: Row | null }
  /** The value is the one of that digest. */
  | { readonly kind: "same"; readonly key: string; readonly digest: string | null };

export interface Message extends Version {
  readonly from: string;
  readonly content: Content;
}
