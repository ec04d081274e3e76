import { signal } from "@preact/signals";
import type { BadRecord, RepricedSale } from "../api/contract.ts";
import { keepText, type KeptPlace, keptText } from "../state/kept_text.ts";

/** The steps of the tour, in their order. */
export const STEPS = {
  price: "Change a price",
  why: "Ask why",
  letter: "Fix a bad record",
  kill: "Kill the process",
} as const;

export type StepName = keyof typeof STEPS;

export const STEP_NAMES = Object.keys(STEPS) as readonly StepName[];

/** A price that was changed, and what its tables showed before. */
export interface PriceChange extends RepricedSale {
  /** By table, as texts. */
  readonly shownBefore: Readonly<Record<string, string>>;
  /** From the click until all tables showed it; null while they do not. */
  readonly tookMs: number | null;
}

/** How far somebody is: kept by the browser, so that a reload, or an instance that was killed, changes nothing. */
export interface Tour {
  readonly open: boolean;
  /** Shown as its heading alone. */
  readonly folded: boolean;
  readonly step: StepName;
  readonly done: readonly StepName[];
  /** Data directory of the instance: with another one nothing below applies. */
  readonly data: string | null;
  readonly price: PriceChange | null;
  readonly letter: BadRecord | null;
  /** When the process began that is to be killed, in milliseconds since 1970; null before it is known. */
  readonly processMs: number | null;
}

const PLACE: KeptPlace = { name: "weir.tour", where: "local" };
const NEW: Tour = {
  open: false,
  folded: false,
  step: "price",
  done: [],
  data: null,
  price: null,
  letter: null,
  processMs: null,
};

export const tour = signal<Tour>(kept());

export function setTour(change: Partial<Tour>): void {
  tour.value = { ...tour.value, ...change };
  keepText(PLACE, JSON.stringify(tour.value));
}

/** The tour of the instance with this data directory: that which was left, or a new one. */
export function openTour(data: string): void {
  const same = tour.value.data === data;
  setTour({ ...(same ? tour.value : NEW), data, open: true, folded: false });
}

export function beginAnew(): void {
  setTour({ ...NEW, open: true, data: tour.value.data });
}

export function setDone(step: StepName): void {
  if (!tour.value.done.includes(step)) setTour({ done: [...tour.value.done, step] });
}

export function goToStep(step: StepName): void {
  setTour({ step, folded: false });
}

/** Does a step anew; the others stay as they are. */
export function repeatStep(step: StepName): void {
  const fresh: Readonly<Record<StepName, Partial<Tour>>> = {
    price: { price: null },
    why: {},
    letter: { letter: null },
    kill: { processMs: null },
  };
  setTour({ step, done: tour.value.done.filter((one) => one !== step), ...fresh[step] });
}

function kept(): Tour {
  try {
    const tour = { ...NEW, ...JSON.parse(keptText(PLACE) ?? "{}") } as Tour;
    return STEP_NAMES.includes(tour.step) && Array.isArray(tour.done) ? tour : NEW;
  } catch {
    return NEW;
  }
}
