import { abandonedFiles, openNotedFile, removeNoted, rewrite } from "../../local/noted_file.ts";

/** Members by group. */
type Notes = Map<string, string[]>;

/**
 * The group memberships of this process, noted in a directory for as long as it lives. A process that was killed cannot
 * leave its groups, and a group waits for a silent member until its session ends; with the notes the next process on
 * this machine leaves in its stead.
 */
export interface MemberNotes {
  /** Members of `group` whose processes ended without leaving. They stay noted until they are {@link remove}d. */
  abandoned(group: string): readonly string[];
  add(group: string, memberId: string): void;
  /** The member has left, or is not known any more. */
  remove(group: string, memberId: string): void;
  /** Ends the notes; what is noted still is for the next process. */
  close(): void;
}

/** Notes that nobody reads, for a process without a directory. */
export const noMemberNotes: MemberNotes = { abandoned: () => [], add: () => {}, remove: () => {}, close: () => {} };

/**
 * Opens the notes of this process in `directory`, creating it if missing, and takes over those of processes that are
 * gone. Who is gone is told by a lock on each file, which the operating system ends with its process. Members that live
 * are never taken for gone; if one were, it would join again.
 */
export function openMemberNotes(directory: string): MemberNotes {
  const own = openNotedFile(directory);
  if (own === null) return noMemberNotes;
  const { path, file } = own;
  const notes = takeOver(directory, path, (inherited) => write(file, inherited));
  const inherited = new Map([...notes].map(([group, members]) => [group, [...members]]));
  return {
    abandoned: (group) => (inherited.get(group) ?? []).filter((memberId) => notes.get(group)?.includes(memberId)),
    add(group, memberId) {
      const members = notes.get(group) ?? [];
      if (members.includes(memberId)) return;
      notes.set(group, [...members, memberId]);
      write(file, notes);
    },
    remove(group, memberId) {
      notes.set(group, (notes.get(group) ?? []).filter((other) => other !== memberId));
      write(file, notes);
    },
    close() {
      if ([...notes.values()].every((members) => members.length === 0)) removeNoted([own]);
      else file.close();
    },
  };
}

/**
 * Gathers the notes of all processes that are gone. Their files are removed after `keep`, so that none is lost to a
 * kill in between.
 */
function takeOver(directory: string, own: string, keep: (notes: Notes) => void): Notes {
  const notes: Notes = new Map();
  const taken = abandonedFiles(directory, own);
  for (const { text } of taken) {
    for (const [group, members] of parse(text)) {
      notes.set(group, [...new Set([...notes.get(group) ?? [], ...members])]);
    }
  }
  keep(notes);
  removeNoted(taken);
  return notes;
}

function write(file: Deno.FsFile, notes: Notes): void {
  rewrite(file, JSON.stringify(Object.fromEntries(notes)));
}

/** Killed in the middle of writing, a process leaves half a text: then its sessions have to end by themselves. */
function parse(text: string): [string, string[]][] {
  try {
    return Object.entries(JSON.parse(text) as Record<string, string[]>);
  } catch (error) {
    if (error instanceof SyntaxError) return [];
    throw error;
  }
}
