import { ProductionError } from "../../src/record/errors.ts";

/** Repeats what may be tried again, as users of the ports do. @throws whatever else it throws */
export async function insistently<T>(sleep: () => Promise<void>, ask: () => Promise<T>): Promise<T> {
  for (;;) {
    try {
      return await ask();
    } catch (error) {
      if (!(error instanceof ProductionError) || !error.retriable) throw error;
    }
    await sleep();
  }
}
