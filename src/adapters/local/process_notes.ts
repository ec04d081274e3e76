import { abandonedFiles, openNotedFile, removeNoted, rewrite } from "./noted_file.ts";

/** Ends of former processes that are handed on from one to the next. */
const ENDS_MAX = 10;
/** Characters of a sentence. */
const SENTENCE_MAX = 1_000;

/** How a process ended. */
export interface ProcessEnd {
  readonly pid: number;
  /** Milliseconds since the epoch. */
  readonly startedMs: number;
  /** When it ended; of one that said no word when it was last known to live, which was at most some seconds before. */
  readonly endedMs: number;
  /** `silent`: killed, out of memory, or the machine went out. */
  readonly how: "cleanly" | "fault" | "silent";
  /** What it said last; null if nothing. */
  readonly sentence: string | null;
}

/** What a process notes of itself for the next one on its data directory. */
export interface ProcessNotes {
  /** Ends of former processes that are known now, the oldest first. */
  readonly former: readonly ProcessEnd[];
  /** It lives. */
  beat(nowMs: number): void;
  /** How it ends; what is said first counts. */
  end(how: "cleanly" | "fault", end: { readonly sentence: string; readonly nowMs: number }): void;
  /** Lets go of the notes, which stay for the next process. */
  close(): void;
}

interface Noted {
  readonly pid: number;
  readonly startedMs: number;
  readonly end: Pick<ProcessEnd, "endedMs" | "how" | "sentence"> | null;
  readonly former: readonly ProcessEnd[];
}

/** Opens the notes of this process in `directory`, creating it if missing, and takes over those that are gone. */
export function openProcessNotes(
  directory: string,
  { pid, nowMs }: { readonly pid: number; readonly nowMs: number },
): ProcessNotes {
  const own = openNotedFile(directory);
  if (own === null) return { former: [], beat() {}, end() {}, close() {} };
  const { path, file } = own;
  const gone = abandonedFiles(directory, path);
  const former = gone.flatMap(endsIn).toSorted((a, b) => a.endedMs - b.endedMs).slice(-ENDS_MAX);
  const write = (end: Noted["end"]) => rewrite(file, JSON.stringify({ pid, startedMs: nowMs, end, former }));
  write(null);
  removeNoted(gone);
  let ended = false;
  return {
    former,
    beat(nowMs) {
      if (!ended) file.utimeSync(new Date(nowMs), new Date(nowMs));
    },
    end(how, { sentence, nowMs }) {
      if (ended) return;
      ended = true;
      write({ endedMs: nowMs, how, sentence: sentence.slice(0, SENTENCE_MAX) });
    },
    close: () => file.close(),
  };
}

function endsIn({ file, text }: { readonly file: Deno.FsFile; readonly text: string }): readonly ProcessEnd[] {
  const noted = parse(text);
  // Killed before it had written anything, it has done nothing.
  if (noted === null) return [];
  const { former, pid, startedMs, end } = noted;
  const aliveMs = Math.max(startedMs, file.statSync().mtime?.getTime() ?? startedMs);
  return [...former, { pid, startedMs, ...end ?? { endedMs: aliveMs, how: "silent", sentence: null } }];
}

function parse(text: string): Noted | null {
  try {
    return JSON.parse(text) as Noted;
  } catch (error) {
    if (error instanceof SyntaxError) return null;
    throw error;
  }
}
