/** Name of a table's inbox topic. The generation is part of it, since epochs are offsets in it. */
export function inboxTopic(
  { topology, table, generation }: { topology: string; table: string; generation: number | string },
): string {
  return `weir.${topology}.${table}.inbox.g${generation}`;
}
