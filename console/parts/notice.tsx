import type { ComponentChildren } from "preact";

export type NoticeKind = "info" | "good" | "warn" | "bad";

const WORDS: Readonly<Record<NoticeKind, string>> = {
  info: "Note",
  good: "Good",
  warn: "Warning",
  bad: "Problem",
};

/** A sentence that stands out. Its kind is a word, too: colours alone do not reach everybody. */
export function Notice(
  { kind, children }: {
    readonly kind: NoticeKind;
    readonly children: ComponentChildren;
  },
) {
  return (
    <div class={`notice ${kind}`} role={kind === "bad" ? "alert" : "status"}>
      <span class="sr">{WORDS[kind]}:</span>
      <div>{children}</div>
    </div>
  );
}

/** Stands where there is nothing to show, and says why. */
export function Empty(
  { title, children }: {
    readonly title: string;
    readonly children?: ComponentChildren;
  },
) {
  return (
    <div class="empty">
      <p class="empty-title">{title}</p>
      {children === undefined ? null : <div>{children}</div>}
    </div>
  );
}

/** Stands where something is on its way. */
export function Loading({ what }: { readonly what: string }) {
  return <p class="loading" role="status">Loading {what}…</p>;
}
