import { signal } from "@preact/signals";
import type { Explanation } from "../api/contract.ts";

/** What was explained last, since this page was opened. */
export const explained = signal<Explanation | null>(null);
