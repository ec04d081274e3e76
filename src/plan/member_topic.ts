import type { Member } from "./physical.ts";

/** The topic that a table's rows are read from; null for totals of other tables, which tasks tell each other. */
export function memberTopic(member: Member): string | null {
  switch (member.kind) {
    case "source":
      return member.source.topic;
    case "folded":
      return member.topic;
    case "merge":
      return null;
  }
}

/** The topics that a table's rows are read from. */
export function topicsOf({ members }: { readonly members: readonly Member[] }): string[] {
  return members.flatMap((member) => memberTopic(member) ?? []);
}
