/** Epochs of one generation: more than any inbox partition has offsets. */
const GENERATION_EPOCHS = 2 ** 40;

/** Less than every epoch of the generation, and more than every one of earlier generations. */
export function firstEpochOf(generation: number): number {
  return generation * GENERATION_EPOCHS;
}

/** The generation that an epoch is of; 0 for none. */
export function generationOf(epoch: number): number {
  return Math.floor(epoch / GENERATION_EPOCHS);
}
