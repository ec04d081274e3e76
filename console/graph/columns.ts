/** Rounds in which each column is put into the order of what it comes from, or leads to. */
const SWEEPS = 4;

/**
 * Nodes of a large graph in columns from left to right, each behind all that it comes from; within a column near what
 * they are joined with. The work grows with the edges alone. An edge that closes a circle counts for nothing.
 */
export function columnsOf(
  ids: readonly string[],
  edges: readonly { readonly from: string; readonly to: string }[],
): string[][] {
  const before = new Map(ids.map((id): [string, string[]] => [id, []]));
  const after = new Map(ids.map((id): [string, string[]] => [id, []]));
  for (const { from, to } of edges) {
    before.get(to)?.push(from);
    after.get(from)?.push(to);
  }
  const ranks = ranksOf(ids, before);
  const columns: string[][] = [];
  for (const id of ids) (columns[ranks.get(id)!] ??= []).push(id);
  for (let sweep = 0; sweep < SWEEPS; sweep++) {
    const forth = sweep % 2 === 0;
    const place = new Map(columns.flatMap((column) => column.map((id, at) => [id, at / column.length] as const)));
    for (const column of forth ? columns : columns.toReversed()) {
      const wanted = new Map(column.map((id, at) => {
        const near = (forth ? before : after).get(id)!.map((other) => place.get(other)!);
        const own = at / column.length;
        return [id, near.length === 0 ? own : near.reduce((sum, one) => sum + one, 0) / near.length];
      }));
      column.sort((a, b) => wanted.get(a)! - wanted.get(b)!);
      column.forEach((id, at) => place.set(id, at / column.length));
    }
  }
  return columns;
}

/** How many steps lie at most between a node and where its rows begin. */
function ranksOf(ids: readonly string[], before: ReadonlyMap<string, readonly string[]>): Map<string, number> {
  const ranks = new Map<string, number>();
  const underWay = new Set<string>();
  const visit = (id: string): number => {
    const known = ranks.get(id);
    if (known !== undefined) return known;
    if (underWay.has(id)) return -1;
    underWay.add(id);
    const rank = 1 + Math.max(-1, ...before.get(id)!.filter((from) => before.has(from)).map(visit));
    ranks.set(id, rank);
    return rank;
  };
  for (const id of ids) visit(id);
  return ranks;
}
