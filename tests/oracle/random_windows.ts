import { hopping, session, sliding, tumbling, type Windows } from "../../src/mod.ts";
import { keyOfColumns, keyText } from "../../src/record/key.ts";
import { partitionOf } from "../../src/record/partitioner.ts";

/** Windows as a seed draws them. */
export interface RandomWindows {
  readonly kind: "tumbling" | "hopping" | "sliding" | "session";
  /** Seconds that events may be late. */
  readonly graceS: number;
}

/** Windows of so many seconds; sessions have a gap of half of that, and hopping ones begin as often. */
export function windowsIn({ kind, graceS }: RandomWindows, sizeS: number): Windows {
  const grace = { seconds: graceS };
  switch (kind) {
    case "tumbling":
      return tumbling({ seconds: sizeS }, { grace });
    case "hopping":
      return hopping({ seconds: sizeS }, { every: { seconds: sizeS / 2 }, grace });
    case "sliding":
      return sliding({ seconds: sizeS }, { grace });
    case "session":
      return session({ seconds: sizeS / 2 }, { grace }) as Windows;
  }
}

/** The partition of a stage into which events of a user go. */
export function partitionOfUser(user: number, partitions: number): number {
  return partitionOf(keyText(keyOfColumns({ user })), partitions);
}
