/** What a text is kept under, and where: `local` for all time, `session` until the tab is closed. */
export interface KeptPlace {
  readonly name: string;
  readonly where: "local" | "session";
}

/** The text kept at a place; null if there is none, or the browser keeps nothing. */
export function keptText({ name, where }: KeptPlace): string | null {
  try {
    return storageOf(where).getItem(name);
  } catch {
    return null;
  }
}

/** Keeps a text; null forgets it. */
export function keepText({ name, where }: KeptPlace, text: string | null): void {
  try {
    if (text === null) storageOf(where).removeItem(name);
    else storageOf(where).setItem(name, text);
  } catch {
    // A browser that keeps nothing: what is shown stays until the page is closed.
  }
}

function storageOf(where: KeptPlace["where"]): Storage {
  return where === "local" ? localStorage : sessionStorage;
}
