import type { ChangelogRecord, Fact, GroupFact, PositionFact } from "./changelog.ts";
import { type AggregateWorld, nameOf, type Shuffled } from "./world.ts";

/** What an aggregate has in memory. */
export interface State {
  position: number;
  origins: Map<string, number>;
  readonly groups: Map<number, GroupFact>;
  /** Under shared keys, by key: the position of the last record, and of the one with the greatest. */
  readonly written: Map<string, { readonly last: number; readonly greatest: Fact }>;
}

export function emptyState(): State {
  return { position: 0, origins: new Map(), groups: new Map(), written: new Map() };
}

/** What a record of the changelog is of, whoever wrote it. */
export function subjectOf(fact: Fact): string {
  return fact.kind === "group" ? `group ${fact.group}` : "position";
}

/** The key under which an owner writes a fact. */
export function keyOf(world: AggregateWorld, { owner, fact }: { readonly owner: string; readonly fact: Fact }): string {
  return world.sharedKeys ? subjectOf(fact) : `${subjectOf(fact)} of ${owner}`;
}

/** Takes a record of the changelog, if it says more than what is known. */
export function learn(world: AggregateWorld, state: State, { key, fact }: ChangelogRecord): void {
  if (fact === null) return;
  const { greatest } = state.written.get(key) ?? { greatest: fact };
  state.written.set(key, { last: fact.position, greatest: fact.position > greatest.position ? fact : greatest });
  const later = !world.keeps("greatestPosition");
  if (fact.kind === "group") {
    if (later || fact.position > (state.groups.get(fact.group)?.position ?? -1)) state.groups.set(fact.group, fact);
  } else if (later || fact.position > state.position) {
    state.position = fact.position;
    state.origins = world.keeps("originsKept") ? new Map(fact.origins) : new Map();
  }
}

/** Counts a record of the repartition topic; returns its group if that is another one now. */
export function fold(world: AggregateWorld, state: State, { offset, value }: FoldedRecord): number | null {
  const origin = `${world.keeps("originTopicId") ? value.topicId : ""}/${value.partition}`;
  if (world.keeps("origin") && value.place <= (state.origins.get(origin) ?? -1)) {
    world.count("records that come again");
    return null;
  }
  state.origins.set(origin, value.place);
  const before = state.groups.get(value.group);
  if (before !== undefined && offset < before.position && world.keeps("groupPosition")) {
    world.count("records that a group has absorbed already");
    return null;
  }
  const items = value.ends ? null : [...before?.items ?? [], nameOf(value)];
  state.groups.set(value.group, { kind: "group", group: value.group, position: offset + 1, items });
  return value.group;
}

interface FoldedRecord {
  readonly offset: number;
  readonly value: Shuffled;
}

/** What the owner knows of its own place. */
export function positionFact({ position, origins }: State): PositionFact {
  return { kind: "position", position, origins: new Map(origins) };
}
