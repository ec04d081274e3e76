/** A chunk as it was at one moment, for whoever reads it in later turns, and must not change it. */
export interface Lent<T> {
  readonly chunk: T;
  /** It is read no more. Once is enough; what is lent and never given back costs memory, and one copy. */
  release(): void;
}

/** What a list of chunks holds: arrays of any kind. */
interface Chunk {
  slice(): unknown;
}

interface Loan<T> {
  readonly chunk: T;
  readers: number;
}

/**
 * Which chunks of a list somebody still reads as they were: whoever is about to change one makes a copy first, which is
 * changed from then on, and the readers keep the other. So a snapshot of any size is of one moment, and nothing is
 * copied at that moment, nor ever of chunks that do not change until they are written.
 *
 * Law: {@link own} comes before every change of a chunk, {@link replaced} after another one was put into its place.
 */
export class Loans<T extends Chunk> {
  /** Whether any chunk is lent. It is asked before each change, so it is a field. */
  any = false;
  readonly #list: T[];
  readonly #loans: (Loan<T> | undefined)[] = [];
  #lent = 0;

  /** `list`: whose chunks are lent. */
  constructor(list: T[]) {
    this.#list = list;
  }

  lend(index: number): Lent<T> {
    let loan = this.#loans[index];
    if (loan === undefined) {
      loan = this.#loans[index] = { chunk: this.#list[index], readers: 0 };
      this.#lent++;
      this.any = true;
    }
    const held = loan;
    held.readers++;
    let reads = true;
    return {
      chunk: held.chunk,
      release: () => {
        if (reads) this.#release(index, held);
        reads = false;
      },
    };
  }

  #release(index: number, loan: Loan<T>): void {
    if (--loan.readers > 0) return;
    if (this.#loans[index] === loan) this.replaced(index);
    else giveBack(loan.chunk);
  }

  /** The chunk is about to change. */
  own(index: number): void {
    const loan = this.#loans[index];
    if (loan === undefined) return;
    this.#list[index] = loan.chunk.slice() as T;
    this.replaced(index);
  }

  /** Another array has taken the chunk's place. */
  replaced(index: number): void {
    if (this.#loans[index] === undefined) return;
    this.#loans[index] = undefined;
    if (--this.#lent === 0) this.any = false;
  }
}

/** The memory of an array that nobody has any more, which the collector would find much later. */
export function giveBack(array: unknown): void {
  if (ArrayBuffer.isView(array)) (array.buffer as ArrayBuffer).transfer(0);
}
