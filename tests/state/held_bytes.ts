declare const gc: () => void;

/**
 * What V8 holds, and what is held beside its heap, after a collection; needs `--v8-flags=--expose-gc`. Arrays that are
 * not used any more are freed a moment later.
 */
export async function heldBytes(): Promise<number> {
  for (let round = 0; round < 3; round++) {
    gc();
    await new Promise((resolve) => setTimeout(resolve, 30));
  }
  const { heapUsed, external } = Deno.memoryUsage();
  return heapUsed + external;
}
