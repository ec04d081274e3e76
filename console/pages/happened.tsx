import type { LiveState } from "../api/contract.ts";
import { Badge } from "../parts/badge.tsx";
import { moment, shown } from "../parts/text.ts";
import { changes } from "../state/live.ts";

/** Characters of one sentence. */
const SENTENCE_MAX = 600;
const TONES = { error: "bad", warn: "warn", info: "quiet", debug: "quiet" } as const;

/** One line of the list. */
interface Line {
  readonly at: number;
  readonly instance: string | null;
  readonly level: keyof typeof TONES;
  readonly kind: string | null;
  readonly sentence: string;
}

/** What instances tell of themselves, also of before this page was opened, and what it has seen of them since. */
export function Happened({ state: { events, instances } }: { readonly state: LiveState }) {
  const lines: readonly Line[] = [
    ...events.map(({ sentence, since, count, ...event }) => ({
      ...event,
      sentence: count === 1 ? sentence : `${sentence} (${count} times since ${moment(since)})`,
    })),
    ...changes.value.map(({ at, topology, sentence }) => ({
      ...{ at, instance: null, level: "info" as const, kind: null },
      sentence: topology === null ? sentence : `${topology}: ${sentence}`,
    })),
  ].toSorted((a, b) => b.at - a.at);
  return (
    <section class="card" aria-label="What happened">
      <h2>What happened</h2>
      {lines.length === 0 ? <p class="muted">The instances tell of nothing.</p> : (
        <ol class="results">
          {lines.map(({ at, instance, level, kind, sentence }, index) => (
            <li key={`${at} ${index}`}>
              <time class="muted">{moment(at)}</time>{" "}
              {instance !== null && instances.length > 1 && <b>{shown(instance, 80)}</b>}{" "}
              {kind !== null && <Badge tone={TONES[level]}>{kind}</Badge>} {shown(sentence, SENTENCE_MAX)}
            </li>
          ))}
        </ol>
      )}
    </section>
  );
}
