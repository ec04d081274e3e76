/** Pages by the word that stands for them in addresses, in the order of the navigation. */
export const PAGES = {
  topology: "Topology",
  now: "Now",
  tables: "Tables",
  letters: "Dead letters",
  explain: "Explain",
  instances: "Instances",
} as const;

export type PageName = keyof typeof PAGES;

/** A place in the console: `#/explain/sales/sales/4711?column=value`. */
export interface Route {
  readonly page: PageName;
  /** What stands behind the page's name, decoded. */
  readonly path: readonly string[];
  readonly query: Readonly<Record<string, string>>;
}

/** What an address leads to; an unknown one leads to the first page. */
export function routeOf(hash: string): Route {
  const [path, search = ""] = hash.replace(/^#?\/?/, "").split("?", 2);
  const [page, ...rest] = path.split("/").map(decoded);
  return {
    page: Object.hasOwn(PAGES, page) ? page as PageName : "topology",
    // An empty part is kept, as a key may be the empty text.
    path: rest.length === 1 && rest[0] === "" ? [] : rest,
    query: Object.fromEntries(new URLSearchParams(search)),
  };
}

/** What stands behind the question mark of an address, by name. */
type QueryOptions = Readonly<Record<string, string>>;

/** The address of a place, for links. */
export function linkTo(page: PageName, path: readonly string[] = [], query: QueryOptions = {}): string {
  const search = new URLSearchParams(query).toString();
  return `#/${[page, ...path].map(encodeURIComponent).join("/")}${search === "" ? "" : `?${search}`}`;
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}
