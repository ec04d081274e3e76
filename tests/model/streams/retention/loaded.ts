import type { Steps } from "../network.ts";
import type { RetentionWorld, ToldFact } from "./world.ts";

/** What a start of the stage knows: the greatest head, and of each window, or session, the greatest fact. */
interface Loaded {
  readonly to: number;
  readonly time: number;
  readonly facts: ReadonlyMap<number, ToldFact>;
}

/** What the changelog has, to the end that it has then. */
export function* loaded(world: RetentionWorld): Steps<Loaded> {
  const facts = new Map<number, ToldFact>();
  let head = { to: 0, time: -Infinity };
  for (let next = 0; next < world.changelog.end; yield) {
    const record = world.changelog.next(next);
    if (record === undefined) break;
    next = record.offset + 1;
    const { value } = record;
    if (value?.kind === "head" && value.to > head.to) head = value;
    if (value?.kind === "fact" && value.to > (facts.get(value.window)?.to ?? 0)) facts.set(value.window, value);
  }
  return { to: head.to, time: head.time, facts };
}
