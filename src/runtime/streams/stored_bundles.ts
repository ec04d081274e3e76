import type { BundleSummary } from "../../formats/changelog_bundle.ts";

/** Records of a changelog, each of which holds many elements. */
export interface StoredBundle extends BundleSummary {
  /** Of these records; none before they are written. */
  readonly keys: string[];
}

/**
 * The bundles of a stage's changelog that still hold an element that is there. What is gone by the time of a position
 * is looked for by nobody who reads that position, whoever wrote it: so the bundles of former owners end here, too.
 */
export class StoredBundles {
  /** By the greatest of their times: nearly all come in that order. */
  readonly #waiting: StoredBundle[] = [];
  /** Gone by the greatest of all clocks, and not by the clock that counts. */
  #lagging: StoredBundle[] = [];

  add(bundle: StoredBundle): void {
    const lastUs = Math.max(...bundle.goneFromUs);
    let at = this.#waiting.length;
    while (at > 0 && Math.max(...this.#waiting[at - 1].goneFromUs) > lastUs) at--;
    this.#waiting.splice(at, 0, bundle);
  }

  /** Takes out those whose elements are all gone for whoever reads the position `to` and these clocks. */
  takeGone({ to, clocksUs }: { readonly to: number; readonly clocksUs: readonly number[] }): StoredBundle[] {
    const newestUs = Math.max(...clocksUs);
    const first = this.#waiting.findIndex(({ goneFromUs }) => Math.max(...goneFromUs) > newestUs);
    const looked = [...this.#lagging, ...this.#waiting.splice(0, first < 0 ? this.#waiting.length : first)];
    const gone: StoredBundle[] = [];
    this.#lagging = [];
    for (const bundle of looked) (isGone(bundle, { to, clocksUs }) ? gone : this.#lagging).push(bundle);
    return gone;
  }
}

/** Whether nothing of a bundle is looked for by whoever reads the position `to` and these clocks. */
export function isGone(
  bundle: BundleSummary,
  { to, clocksUs }: { readonly to: number; readonly clocksUs: readonly number[] },
): boolean {
  return bundle.to <= to && bundle.goneFromUs.every((us, clock) => us <= clocksUs[clock]);
}
