/** A difference between the state and ClickHouse counts when it is seen so often, with a pause between. */
const LOOKS_MAX = 3;

/**
 * What is known of a key here and in ClickHouse. Both are asked one after the other, and a row is under way between
 * them: a difference is looked at again, and only what both say of it.
 */
export async function lookedAgain<T>(
  look: () => Promise<T>,
  { pause, differs }: { readonly pause: (() => Promise<void>) | null; readonly differs: (looked: T) => boolean },
): Promise<T> {
  let looked = await look();
  for (let looks = 1; looks < LOOKS_MAX && pause !== null && differs(looked); looks++) {
    await pause();
    looked = await look();
  }
  return looked;
}
