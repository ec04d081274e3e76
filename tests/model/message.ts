import type { Row, Version } from "./values.ts";

/** A key, and the digest of what a home holds of it. */
export interface HeldKey {
  readonly key: string;
  readonly held: string | null;
}

/** The answer to a block. */
export interface Confirmed {
  /** The epoch that asked. */
  readonly to: number;
  readonly block: number;
  /** Keys of it that are told by themselves. */
  readonly except: readonly string[];
  /** Not part of the message, but for the judge: the digests that were asked about. */
  readonly asked: ReadonlyMap<string, string | null>;
}

/** What one task tells another. */
export type Content =
  | { readonly kind: "hello" }
  /** `held`: the digest of what the home has; undefined for nothing. */
  | { readonly kind: "subscribe"; readonly key: string; readonly held: string | null | undefined }
  | { readonly kind: "unsubscribe"; readonly key: string }
  /** Subscribes to several keys, of each of which something is held, with one answer. */
  | { readonly kind: "block"; readonly block: number; readonly keys: readonly HeldKey[] }
  /** The keys of a block that the task asked about in that epoch are what was held then, but for some. */
  | { readonly kind: "confirmed" } & Confirmed
  | { readonly kind: "value"; readonly key: string; readonly row: Row | null }
  /** The value is the one of that digest. */
  | { readonly kind: "same"; readonly key: string; readonly digest: string | null };

export interface Message extends Version {
  readonly from: string;
  readonly content: Content;
}
