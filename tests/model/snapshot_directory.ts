import type { Choices } from "../simulation/choices.ts";
import {
  contentOf,
  fileOf,
  FORMAT,
  type PartialSnapshot,
  type SectionName,
  SECTIONS,
  type SnapshotFile,
} from "./snapshot_file.ts";
import type { Row } from "./values.ts";

/** The files of a data directory, one for each task. */
export class SnapshotDirectory {
  readonly #files = new Map<string, SnapshotFile>();
  /** What each file replaced, as a backup of the directory may have it. */
  readonly #earlier = new Map<string, SnapshotFile[]>();
  readonly #common = new Map<string, Map<SectionName, string>>();
  /** Files that were renamed before the disk had them. */
  readonly #unsynced = new Set<string>();

  get(task: string): SnapshotFile | undefined {
    return this.#files.get(task);
  }

  /** The file to write into if all processes call it the same: it begins anew, whoever else is writing it. */
  common(task: string, file: PartialSnapshot): PartialSnapshot {
    const sections = this.#common.get(task) ?? new Map<SectionName, string>();
    sections.clear();
    this.#common.set(task, sections);
    return { ...file, sections };
  }

  /** The rename: from now on it is the task's file. */
  publish(task: string, file: SnapshotFile, { synced }: { readonly synced: boolean }): void {
    const { header, sections, checksum } = file;
    const replaced = this.#files.get(task);
    if (replaced !== undefined) this.#earlier.set(task, [...this.#earlier.get(task) ?? [], replaced].slice(-4));
    this.#files.set(task, { header, sections: new Map(sections), checksum });
    if (synced) this.#unsynced.delete(task);
    else this.#unsynced.add(task);
  }

  /** The machine stops: of what was not synced only a part is there. */
  crash(choices: Choices): void {
    for (const task of this.#unsynced) if (choices.chance(0.5)) this.#tear(task, choices);
    this.#unsynced.clear();
  }

  /** A file is damaged. */
  damage(choices: Choices): void {
    if (this.#files.size > 0) this.#tear(choices.pick([...this.#files.keys()]), choices);
  }

  #tear(task: string, choices: Choices): void {
    const file = this.#files.get(task)!;
    const sections = new Map(file.sections);
    const lost: SectionName[] = SECTIONS.slice(choices.below(SECTIONS.length)) as SectionName[];
    for (const name of lost) sections.delete(name);
    this.#files.set(task, { ...file, sections });
  }

  /** Somebody renames the files of two tasks. */
  swap(choices: Choices): void {
    const tasks = [...this.#files.keys()];
    if (tasks.length < 2) return;
    const [a, b] = [choices.pick(tasks), choices.pick(tasks)];
    const [fileA, fileB] = [this.#files.get(a)!, this.#files.get(b)!];
    this.#files.set(a, fileB);
    this.#files.set(b, fileA);
  }

  /** A backup of the directory is put in its place. */
  restore(choices: Choices): void {
    for (const [task, files] of this.#earlier) this.#files.set(task, choices.pick(files));
  }

  /** A file is replaced by what an earlier version of the software wrote: other rows in the same place. */
  downgrade(choices: Choices): void {
    if (this.#files.size === 0) return;
    const task = choices.pick([...this.#files.keys()]);
    const { header, sections } = contentOf(this.#files.get(task)!);
    const rows = sections.rows.map(([key, row]): [string, Row] => [
      key,
      row.q === undefined ? row : { ...row, q: -Number(row.q) },
    ]);
    const file = fileOf({ header: { ...header, format: FORMAT - 1 }, sections: { ...sections, rows } });
    this.#files.set(task, { ...file, sections: new Map(file.rest) });
  }

  /** Has what another directory has. */
  copyFrom(other: SnapshotDirectory): void {
    for (const [task, file] of other.#files) this.#files.set(task, file);
  }
}
