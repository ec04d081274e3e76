/**
 * Different orders and sets of columns remembered; a topic has one at a time. Beyond it counts are folded into the
 * totals.
 */
const SHAPES_MAX = 16;
/** Names counted one by one; further ones are counted together under {@link OTHERS}. */
const NAMES_MAX = 1_000;
/** Stands for all names beyond the limit. */
const OTHERS = "(others)";

/** Of a flattened row, names with two leading underscores are metadata and not columns. */
export type RowKind = "plain" | "flattened";

interface Shape {
  /** As they came last: the same array comes again and again. */
  names: readonly string[];
  readonly kind: RowKind;
  readonly unknown: readonly string[];
  records: number;
}

/** Counts columns that arrive and are not in the row's schema. */
export interface UnknownColumns {
  /** Counts one row with these columns. */
  see(names: readonly string[], kind: RowKind): void;
  /** Records seen with each unknown column so far. */
  totals(): Map<string, number>;
}

/**
 * Rows of one topic come with the same columns in the same order for months, so what is counted is records per shape: a
 * comparison with the last shape instead of a map update per column.
 */
export function unknownColumns(known: ReadonlySet<string>): UnknownColumns {
  const counted = new Map<string, number>();
  let shapes: Shape[] = [];
  let last: Shape | null = null;

  const shapeOf = (names: readonly string[], kind: RowKind): Shape => {
    const found = shapes.find((shape) => shape.kind === kind && sameNames(shape.names, names));
    if (found !== undefined) return found;
    if (shapes.length === SHAPES_MAX) {
      for (const shape of shapes) addTo(counted, shape);
      shapes = [];
    }
    const unknown = names.filter((name) => !known.has(name) && !(kind === "flattened" && name.startsWith("__")));
    const shape = { names, kind, unknown, records: 0 };
    shapes.push(shape);
    return shape;
  };

  return {
    see(names, kind) {
      if (last === null || last.kind !== kind || !sameNames(last.names, names)) {
        last = shapeOf(names, kind);
      }
      last.names = names;
      last.records++;
    },
    totals() {
      const totals = new Map(counted);
      for (const shape of shapes) addTo(totals, shape);
      return totals;
    },
  };
}

function addTo(totals: Map<string, number>, shape: Shape): void {
  for (const name of shape.unknown) {
    const counted = totals.has(name) || totals.size < NAMES_MAX ? name : OTHERS;
    totals.set(counted, (totals.get(counted) ?? 0) + shape.records);
  }
}

/** Whether both are the same columns in the same order. */
export function sameNames(a: readonly string[], b: readonly string[]): boolean {
  if (a === b) return true;
  if (a.length !== b.length) return false;
  for (let index = 0; index < a.length; index++) if (a[index] !== b[index]) return false;
  return true;
}
