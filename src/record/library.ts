/** Name and version of this package, as `deno.json` has them. */
export const LIBRARY = { name: "@weir/weir", version: "0.1.0" } as const;
