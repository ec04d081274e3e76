import type { PartitionLog } from "./partition_log.ts";
import { type FormerRow, type Plan, sourceHashOf } from "./program.ts";
import type { Rule } from "./rules.ts";
import { type Change, type Contribution, hashOf, type Row, type Version } from "./values.ts";

/** Which state of what it is. Everything that must agree before a snapshot is read. */
export interface SnapshotHeader {
  readonly format: number;
  readonly task: string;
  readonly topicId: number;
  readonly generation: number;
  readonly sourceHash: string;
  readonly programHash: string;
  readonly position: number;
  readonly leaderEpoch: number;
  readonly freshTime: number;
  /** Rows put up to here were acknowledged, later ones are not in it. */
  readonly watermark: Version;
}

/** What was evaluated of a key. */
interface Evaluation {
  readonly key: string;
  readonly uses: readonly string[];
  readonly shown: string | null;
  readonly contribution: Contribution | null;
  readonly pending: boolean;
}

/** Parts of a file, in the order in which they are written. */
export interface SnapshotSections {
  readonly rows: [string, Row][];
  readonly former: [string, FormerRow][];
  readonly evaluations: Evaluation[];
  readonly rights: [string, Row | null][];
  readonly globals: [string, string | null][];
  readonly shares: [string, string][];
}

export type SectionName = keyof SnapshotSections;
export const SECTIONS: readonly SectionName[] = ["rows", "former", "evaluations", "rights", "globals", "shares"];

export interface Snapshot {
  readonly header: SnapshotHeader;
  readonly sections: SnapshotSections;
}

/** As it lies on the disk: texts, of which some may not have come there. */
export interface SnapshotFile {
  readonly header: string;
  readonly sections: Map<SectionName, string>;
  readonly checksum: number;
}

/** One that is being written: sections follow. */
export interface PartialSnapshot extends SnapshotFile {
  readonly rest: [SectionName, string][];
}

/** The format that is written now. In the format before, numbers of rows had the other sign. */
export const FORMAT = 2;

export function fileOf({ header, sections }: Snapshot): PartialSnapshot {
  const rest = SECTIONS.map((name): [SectionName, string] => [name, JSON.stringify(sections[name])]);
  const text = JSON.stringify(header);
  return { header: text, sections: new Map(), rest, checksum: checksumOf(text, new Map(rest)) };
}

function checksumOf(header: string, sections: ReadonlyMap<SectionName, string>): number {
  return hashOf([header, ...SECTIONS.map((name) => sections.get(name) ?? "")].join("\n"));
}

/** What a file says; a section that is missing is empty. */
export function contentOf({ header, sections }: SnapshotFile): Snapshot {
  const content = Object.fromEntries(SECTIONS.map((name) => [name, JSON.parse(sections.get(name) ?? "[]")]));
  return { header: JSON.parse(header), sections: content as unknown as SnapshotSections };
}

/** What a start knows that must agree with a snapshot. */
export interface Expected {
  readonly task: string;
  readonly log: PartitionLog<Change | null>;
  readonly plan: Plan;
  readonly generation: number;
  readonly now: number;
  /** How long a tombstone stays. */
  readonly retention: number;
  readonly keeps: (rule: Rule) => boolean;
}

/** Why the file must not be read, as the rule that forbids it; null if it may be read. */
export function refusalOf(file: SnapshotFile, expected: Expected): Rule | null {
  const { header } = contentOf(file);
  const { log, plan } = expected;
  const broken: [Rule, boolean][] = [
    ["checksum", checksumOf(file.header, file.sections) !== file.checksum],
    ["format", header.format !== FORMAT],
    ["taskIdentity", header.task !== expected.task],
    ["generation", header.generation !== expected.generation],
    ["sourceHash", header.sourceHash !== sourceHashOf(plan)],
    ["topicId", header.topicId !== log.topicId],
    ["position", header.position < log.start || header.position > log.end],
    ["leaderEpoch", log.endOf(header.leaderEpoch) < header.position],
    ["retention", expected.now - header.freshTime > expected.retention / 2],
  ];
  return broken.find(([rule, fails]) => fails && expected.keeps(rule))?.[0] ?? null;
}
