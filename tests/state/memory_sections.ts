import type { Loading, SectionReader, SectionWriter } from "../../src/state/slots.ts";

/** A snapshot's sections in memory. */
export type Section = Uint8Array | (string | null)[];

interface Saved {
  save(to: SectionWriter): void;
}

export function sectionsOf(part: Saved): Section[] {
  const sections: Section[] = [];
  const to: SectionWriter = {
    array: (values) => {
      const bytes = new Uint8Array(values.buffer as ArrayBuffer, values.byteOffset, values.byteLength);
      sections.push(bytes.slice());
    },
    texts: (values) => sections.push([...values]),
    later: ({ write, release }) => {
      loadAll(write(to));
      release();
    },
  };
  part.save(to);
  return sections;
}

export function readerOf(sections: readonly Section[]): SectionReader {
  let at = 0;
  return {
    array(make) {
      const section = sections[at++];
      if (!(section instanceof Uint8Array)) throw new RangeError("no array is next");
      return new make(section.slice().buffer);
    },
    texts() {
      const section = sections[at++];
      if (!Array.isArray(section)) throw new RangeError("no texts are next");
      return [...section];
    },
  };
}

/** Loads a part in one go. */
export function loadAll(loading: Loading): void {
  for (const _ of loading);
}
