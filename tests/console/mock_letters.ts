import type { Attempt, Letter, Letters, Replay } from "../../console/api/contract.ts";

type Writable = { -readonly [Field in keyof Letter]: Letter[Field] };

interface LetterEdit {
  readonly id: string;
  readonly key?: string;
  readonly value?: string;
  readonly set?: Readonly<Record<string, unknown>>;
}

/** Dead letters with three reasons; a replay is accepted once the price is a number. */
export class MockLetters {
  #letters: Writable[];

  constructor(nowMs: number) {
    this.#letters = [
      ...[1, 2, 3, 4].map((number) => badPrice(number, nowMs - number * 61_000)),
      outdated(nowMs - 600_000),
      thrown(nowMs - 4_000_000),
      { ...thrown(nowMs - 4_100_000), id: "letter-refused", operator: "sink sales" },
    ];
  }

  get open(): number {
    return this.#letters.filter(({ resolvedMs }) => resolvedMs === null).length;
  }

  list(query: URLSearchParams): Letters {
    const state = query.get("state") ?? "open";
    const of = (name: "topology" | "reason" | "operator") => (letter: Letter) =>
      [null, letter[name]].includes(query.get(name));
    const chosen = this.#letters.filter(of("topology")).filter(of("reason")).filter(of("operator"));
    const all = chosen.filter(({ resolvedMs }) => state === "all" || (state === "open") === (resolvedMs === null));
    const open = chosen.filter(({ resolvedMs }) => resolvedMs === null).length;
    const after = Number(query.get("after") ?? 0);
    const end = after + Math.min(Number(query.get("limit") ?? 100), 4);
    return {
      letters: all.slice(after, end),
      open,
      resolved: chosen.length - open,
      reasons: [
        ...Map.groupBy(
          this.#letters.filter(of("topology")).filter(of("operator")).filter(({ resolvedMs }) => resolvedMs === null),
          ({ reason }) => reason,
        ).values(),
      ]
        .map((letters) => ({ ...letters[0], letters: letters.length })),
      next: end < all.length ? String(end) : null,
    };
  }

  one(id: string): Letter | undefined {
    return this.#letters.find((letter) => letter.id === id);
  }

  replay({ ids, topology, reason, operator, edit }: {
    readonly ids?: readonly string[];
    readonly topology?: string;
    readonly reason?: string;
    readonly operator?: string;
    readonly edit?: LetterEdit;
  }): Replay {
    const chosen = this.#letters.filter((letter) =>
      ids?.includes(letter.id) ??
        (letter.topology === topology && letter.reason === reason && letter.resolvedMs === null &&
          [undefined, letter.operator].includes(operator))
    );
    return { results: chosen.map((letter) => this.#replay(letter, edit?.id === letter.id ? edit : undefined)) };
  }

  #replay(letter: Writable, edit?: LetterEdit): Replay["results"][number] {
    const record = edit?.value ?? letter.record ?? "{}";
    const attempt = (outcome: "replayed" | "refused" | "failed", sentence: string) => {
      const made: Attempt = {
        atMs: Date.now(),
        edit: edit === undefined ? null : JSON.stringify(edit),
        outcome,
        sentence,
      };
      letter.attempts = [...letter.attempts, made];
      if (outcome === "replayed") Object.assign(letter, { resolvedMs: Date.now(), resolution: sentence });
      return { id: letter.id, outcome, sentence };
    };
    if (letter.reason === "outdated") {
      return attempt("refused", "Cannot replay offset 512: offset 518 of the same key is newer, and is shown.");
    }
    const price = (JSON.parse(record) as { after?: { price?: unknown } }).after?.price;
    if (typeof price === "string" && !/^\d+(\.\d+)?$/.test(price)) {
      return attempt("failed", `Cannot read column "price" as a decimal: current value is "${price}".`);
    }
    return attempt("replayed", "Written as the newest record of its key; its row is shown.");
  }
}

/** A product whose price is none. */
export function badPrice(number: number, timestampMs: number): Writable {
  const row = { id: String(4_700 + number), seller_id: 12, name: `Kettle ${number}`, price: "12,90 EUR" };
  return {
    id: `letter-${number}`,
    topology: "sales",
    stage: "decode",
    reason: "not_decimal",
    operator: "online_store.public.products",
    error: `Cannot read column "price" of "online_store.public.products" as a decimal: current value is "12,90 EUR". ` +
      "Write digits with a point, or leave the column out of pick(...).",
    topic: "online_store.public.products",
    partition: 3,
    offset: 1_040 + number,
    occasion: null,
    key: `{"id":${4_700 + number}}`,
    record: JSON.stringify({ before: null, after: row, op: "u", ts_ms: timestampMs }),
    stack: null,
    task: "products",
    epoch: 4,
    subject: String(4_700 + number),
    timestampMs,
    attempts: [],
    resolvedMs: null,
    resolution: null,
  };
}

function outdated(timestampMs: number): Writable {
  return {
    ...badPrice(0, timestampMs),
    id: "letter-outdated",
    reason: "outdated",
    record: '{"before":null,"after":{"id":"4700","name":"Ket... [cut: at most 65536 bytes are kept]',
    offset: 512,
    attempts: [
      { atMs: timestampMs + 4_000, edit: null, outcome: "refused", sentence: "A newer record of its key is shown." },
    ],
  };
}

function thrown(timestampMs: number): Writable {
  return {
    ...badPrice(9, timestampMs),
    id: "letter-thrown",
    stage: "callback",
    reason: "callback_threw",
    operator: "order_items.mapValues",
    error: 'Cannot evaluate "order_items.mapValues" for key 88121: Cannot read properties of null (reading "country")',
    stack: "at topologies/sales.ts:31:44\n    at topologies/sales.ts:12:3",
    record: null,
  };
}
