import type { EmbeddedDeadLetters } from "../local/dead_letters.ts";
import type { LetterChange } from "../local/followed_letters.ts";
import { ATTEMPT_MS_MAX, keptEdit, type StoredLetters } from "../local/stored_letters.ts";

/** A change of the letters of a topology. */
export type TopologyChange = readonly [topology: string, change: LetterChange];

/**
 * Attempts to replay letters, as all instances know them. `tell`: resolves when the topics have the changes, and the
 * file has read them.
 */
export function sharedAttempts(
  { file, tell }: {
    readonly file: Pick<EmbeddedDeadLetters, "stored" | "followed">;
    readonly tell: (changes: readonly TopologyChange[]) => Promise<void>;
  },
): Pick<StoredLetters, "begin" | "end"> {
  const owner = crypto.randomUUID();
  /** By attempt that is under way: of which topology it is. */
  const topologies = new Map<string, string>();
  return {
    async begin(ids, { edit, nowMs }) {
      const attempts = ids.flatMap((id) => {
        const [letter, identity] = [file.stored.letter(id), file.followed.identityOf(id)];
        if (letter === null || identity === null) return [];
        const attempt = { name: crypto.randomUUID(), identity, atMs: nowMs, edit: keptEdit(edit), owner };
        return [{ id, topology: letter.topology, attempt }];
      });
      await tell(attempts.map(({ topology, attempt }) => [topology, { kind: "attempt", attempt }]));
      // The topic has one order for all instances: of two that begin at once one is the first.
      const late = attempts.filter(({ attempt: { identity } }) =>
        file.followed.firstOwner(identity, nowMs - ATTEMPT_MS_MAX) !== owner
      );
      const refused = { kind: "outcome", outcome: "refused", sentence: "Another instance replayed it at that time" };
      await tell(late.map(({ topology, attempt: { name } }) => [topology, { ...refused, name } as LetterChange]));
      const own = attempts.filter((one) => !late.includes(one));
      for (const { topology, attempt: { name } } of own) topologies.set(name, topology);
      return new Map(own.map(({ id, attempt }) => [id, attempt.name]));
    },
    async end(results) {
      await tell(
        results.map(({ attempt, outcome, sentence }) => [
          topologies.get(attempt)!,
          { kind: "outcome", name: attempt, outcome, sentence },
        ]),
      );
      for (const { attempt } of results) topologies.delete(attempt);
    },
  };
}
