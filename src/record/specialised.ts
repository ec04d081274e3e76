/**
 * A function compiled for one table: what a loop over columns would do, written out. A loop over column names meets
 * every shape of row in one place, so that each access is a search; a function of its own has each column at a fixed
 * place. Only where that is measured: every use states how long the loop takes that it replaces, in the same run of
 * `deno run --allow-read tests/bench/compiled.ts`. Below 1.2 times as long, take the loop.
 *
 * `body` may hold nothing from outside but what {@link literal} made of it; everything else comes in as `constants`, by
 * name.
 */
export function specialised<F>(
  constants: Readonly<Record<string, unknown>>,
  parameters: readonly string[],
  body: string,
): F {
  const text = `"use strict"; return (${parameters.join(", ")}) => { ${body} };`;
  return new Function(...Object.keys(constants), text)(...Object.values(constants));
}

/** A column's name as that of a property in an object literal. */
export function propertyName(column: string): string {
  // As a plain name `__proto__` sets the prototype; computed, it is a property as any other.
  return column === "__proto__" ? `[${literal(column)}]` : literal(column);
}

/** `text` as a string literal. */
export function literal(text: string): string {
  // Both line separators may stand in a literal since ES2019.
  return JSON.stringify(text);
}
