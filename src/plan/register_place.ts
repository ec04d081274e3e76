/** Where the rows of an operator are: in a register of the program of a table's tasks, or of a global table. */
export interface RegisterPlace {
  readonly global: boolean;
  /** Index of the table among its kind. */
  readonly table: number;
  readonly step: number;
}

/** By id of the operators of tables; null where their rows are in no register, as those of sinks. */
export function registerPlaces(
  nodes: readonly { readonly id: number }[],
  { unitAt, register }: {
    /** The table of an operator that has a register. */
    readonly unitAt: (node: number) => { readonly index: number };
    readonly register: ReadonlyMap<number, number>;
  },
): (RegisterPlace | null)[] {
  return nodes.map(({ id }) => {
    const step = register.get(id);
    if (step === undefined) return null;
    const unit = unitAt(id);
    return { global: !("members" in unit), table: unit.index, step };
  });
}
