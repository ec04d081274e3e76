/** Names a topic as the source of events and of rows: another one of the same name is another source. */
export function sourceOf(topic: string, { id }: { readonly id: string | null }): string {
  return id === null ? topic : `${topic}@${id}`;
}

/** The topic of a source. */
export function topicOf(source: string): string {
  const end = source.indexOf("@");
  return end < 0 ? source : source.slice(0, end);
}
