import type { ComponentChildren } from "preact";

export type Tone = "good" | "warn" | "bad" | "quiet" | "accent";

const TONES: Readonly<Record<string, Tone>> = {
  running: "good",
  shown: "good",
  matched: "good",
  joined: "good",
  replayed: "good",
  equal: "good",
  passed: "good",
  starting: "accent",
  restoring: "accent",
  waiting: "warn",
  filtered: "warn",
  "no partner": "warn",
  "null key": "warn",
  expired: "warn",
  refused: "warn",
  degraded: "warn",
  stale: "warn",
  failed: "bad",
  unreachable: "bad",
  "no row": "warn",
  missing: "bad",
  undecided: "warn",
  "not unique": "warn",
  "set aside": "warn",
  found: "good",
  present: "good",
  taken: "good",
  late: "warn",
  mapped: "good",
  begun: "accent",
  "dead letter": "bad",
  error: "bad",
  different: "bad",
};

/** The colour of a word for a state or an outcome. */
export function toneOf(word: string): Tone {
  return Object.hasOwn(TONES, word) ? TONES[word] : "quiet";
}

/** A word or two in a frame. */
export function Badge(
  { tone, children }: {
    readonly tone: Tone;
    readonly children: ComponentChildren;
  },
) {
  return <span class={`badge ${tone}`}>{children}</span>;
}

/** A state or an outcome as a badge. */
export function WordBadge({ word }: { readonly word: string }) {
  return <Badge tone={toneOf(word)}>{word}</Badge>;
}
