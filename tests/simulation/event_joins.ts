import { clickhouseAppend, type KStream, type KTable } from "../../src/mod.ts";
import type { MemoryWarehouse } from "../../src/testing/memory_warehouse.ts";
import type { Counted } from "./places.ts";

const pairs = clickhouseAppend("pairs", { columns: { a: "Int64", b: "Int64" }, orderBy: ["a"] });
const partners = clickhouseAppend("partners", { columns: { a: "Int64", b: "Nullable(Int64)" }, orderBy: ["a"] });
const sure = clickhouseAppend("sure", { columns: { a: "Int64", b: "Nullable(Int64)" }, orderBy: ["a"] });
const named = clickhouseAppend("named", { columns: { n: "Int64", c: "Nullable(String)" }, orderBy: ["n"] });

/** So near must an event's partner be in time. */
const NEAR_MS = 3_000;
/** More than sources of which nothing is known to wait are ahead of others. */
const GRACE_MS = 60_000;
const PEOPLE = 4;

/**
 * Joins each even event with the odd one behind it: whenever that comes, and within a short time, without grace and
 * with it; and each with a row of a table that changes meanwhile.
 */
export function declareJoins(
  stream: KStream<string | null, { n: number }>,
  people: KTable<{ readonly id: number }, { readonly id: number; readonly c: string }>,
): void {
  const [even, odd] = [0, 1].map((rest) => stream.filter(({ n }) => n % 2 === rest));
  const pair = ({ n }: { readonly n: number }) => ({ pair: n >> 1 });
  const on = [pair, pair] as const;
  even.join("ever", odd, { on, within: { days: 365 } }).mapValues(({ n, ever }) => ({ a: n, b: ever.n })).to(pairs);
  even.leftJoin("soon", odd, { on, within: { milliseconds: NEAR_MS } })
    .mapValues(({ n, soon }) => ({ a: n, b: soon?.n ?? null })).to(partners);
  even.leftJoin("sure", odd, { on, within: { milliseconds: NEAR_MS }, grace: { milliseconds: GRACE_MS } })
    .mapValues(({ n, sure }) => ({ a: n, b: sure?.n ?? null })).to(sure);
  stream.leftJoin("person", people, ({ n }) => n % PEOPLE).mapValues(({ n, person }) => ({ n, c: person?.c ?? null }))
    .to(named);
}

/** What each event must have found, and what is told of it. */
export function countJoins(
  memory: Pick<MemoryWarehouse, "appendedRows">,
  { want, make, events }: Counted & { readonly events: readonly { readonly n: number; readonly ms: number }[] },
): void {
  const told = new Set(memory.appendedRows(partners.spec.name).map(({ a, b }) => `${a} ${b}`));
  const surely = new Set(memory.appendedRows(sure.spec.name).map(({ a, b }) => `${a} ${b}`));
  const written = new Map(events.map(({ n, ms }) => [n, ms]));
  for (const [n, ms] of written) {
    want(`named ${n}`);
    const later = n % 2 === 0 ? written.get(n + 1) : undefined;
    if (later !== undefined) want(`pairs ${n} ${n + 1}`);
    // Which of two events comes first, and whether the time of others is past then, is chance: each is told once.
    const alone = told.has(`${n} null`);
    if (alone) want(`partners ${n} null`);
    const near = later !== undefined && Math.abs(later - ms) <= NEAR_MS;
    if (near && (!alone || told.has(`${n} ${n + 1}`))) want(`partners ${n} ${n + 1}`);
    // Whichever partition is read first, an event waits for one that is behind: it finds its partner.
    if (near) want(`sure ${n} ${n + 1}`);
    else if (n % 2 === 0 && surely.has(`${n} null`)) want(`sure ${n} null`);
  }
  for (const { spec: { name } } of [sure, pairs, partners]) {
    for (const { a, b } of memory.appendedRows(name)) make(`${name} ${a} ${b}`);
  }
  for (const { n } of memory.appendedRows(named.spec.name)) make(`named ${n}`);
}
