import type {
  OperatorDescription,
  OutputDescription,
  StageDescription,
  StreamDescription,
  StreamOperatorDescription,
  TopologyDescription,
} from "./description.ts";

const SHOWN = { rows: "the rows", shares: "the added shares", events: "the events" } as const;

/** The description as text for people and golden files: stable, one thing a line. */
export function describeText(description: TopologyDescription): string {
  const { sources, operators, streams, stages, tasks, globals, sinks, outputs, costs } = description;
  const lines = [`topology ${description.topology}`];
  const section = (title: string, entries: readonly (readonly string[])[]) => {
    if (entries.length > 0) {
      lines.push(
        "",
        title,
        ...entries.flatMap(([head, ...rest]) => [`  ${head}`, ...rest.map((line) => `      ${line}`)]),
      );
    }
  };
  section(
    "sources",
    sources.map(({ name, topic, kind, key, columns, masked }) => [
      `${name} (${kind === "table" ? "partitioned" : "global"}) from ${topic}`,
      `key ${key.join(", ")}; columns ${columns.join(", ")}${maskedText({ masked })}`,
    ]),
  );
  section("operators", operators.map((operator) => [operatorLine(operator, operators)]));
  section(
    "streams, one task for each partition",
    streams.map(({ name, topic, key, begins, operators: own, masked, keyMasked, ...values }) => [
      `${name} from ${topic}`,
      `key ${key}; ${valuesText(values)}; begins at the ${begins}${maskedText({ masked, keyMasked })}`,
      ...own.filter(({ op }) => op !== "events").map((operator) => streamLine(operator, { own, operators })),
    ]),
  );
  section("stages, one task for each partition", stages.map((stage) => stageLines(stage, operators)));
  section(
    "tasks, one for each partition",
    tasks.map(({ table, reads, keyedBy, roles, inbox, stores }) => [
      `${table}: ${roles.join(", ") || "reader"}`,
      `reads ${[...reads, inbox].join(", ")}`,
      `keyed by ${typeof keyedBy === "string" ? keyedBy : keyedBy.join(", ")}`,
      ...stores.map((store) => `keeps ${store.name}: about ${store.bytesPerEntry} bytes for each ${store.entryFor}`),
    ]),
  );
  section(
    "global tables, whole on every instance",
    globals.map(({ table, joins, store }) => [
      table,
      ...(joins.length > 0 ? [`joins ${joins.join(", ")}`] : []),
      `keeps ${store.name}: about ${store.bytesPerEntry} bytes for each ${store.entryFor}`,
    ]),
  );
  section(
    "ClickHouse",
    sinks.map(({ name, table, key, columns, from, holds, masked }) => [
      `${name} shows ${SHOWN[holds]} of ${table}, from ${from}`,
      `${holds === "events" ? "sorted by" : "key"} ${key.join(", ")}`,
      `columns ${columns.join(", ")}${maskedText({ masked })}`,
    ]),
  );
  section("topics for others", outputs.map(outputLines));
  section(
    "a change costs, at most",
    costs.map(({ source, messages, writes }) => [
      source,
      ...(messages.length > 0 ? messages.map((line) => `message ${line}`) : ["no messages"]),
      ...(writes.length > 0 ? writes.map((line) => `write ${line}`) : ["no writes"]),
    ]),
  );
  return `${lines.join("\n")}\n`;
}

/** What people are not shown. */
function maskedText(
  { masked = [], keyMasked }: { readonly masked?: true | readonly string[]; readonly keyMasked?: true },
): string {
  const what = [...keyMasked ? ["the key"] : [], ...masked === true ? ["the value"] : masked];
  return what.length === 0 ? "" : `; masked ${what.join(", ")}`;
}

function outputLines({ topic, holds, from, key, value, columns, guarantee }: OutputDescription): string[] {
  return [
    `${topic} has the ${holds} of ${from.join(", ")}`,
    `key ${key}; ${columns === null ? value : `columns ${columns.join(", ")}`}`,
    ...guarantee === "exactly_once" ? ["exactly once for who reads committed records (read_committed)"] : [],
  ];
}

function valuesText({ value, columns }: Pick<StreamDescription, "value" | "columns">): string {
  if (columns === null) return value === "text" ? "texts" : value;
  return `${value === "change" ? "changes of " : ""}columns ${columns.join(", ")}`;
}

function stageLines(
  { name, repartition, changelog, inputs, does, operators: own }: StageDescription,
  operators: readonly OperatorDescription[],
): string[] {
  return [
    `${name} of ${inputs.join(", ")}`,
    does,
    `reads ${repartition}, keeps ${changelog}`,
    ...own.slice(1).map((operator) => streamLine(operator, { own, operators })),
  ];
}

function streamLine(
  { name, op, inputs, kind, right }: StreamOperatorDescription,
  { own, operators }: {
    readonly own: readonly StreamOperatorDescription[];
    readonly operators: readonly OperatorDescription[];
  },
): string {
  const events = inputs.map((input) => own.find(({ id }) => id === input)!.name).join(", ");
  const table = right === undefined ? "" : ` with ${right} ${nameOf(right, operators)}`;
  return `${name}: ${kind === undefined ? op : `${kind} ${op}`} of ${events}${table}`;
}

function nameOf(operator: number, operators: readonly OperatorDescription[]): string {
  return operators.find(({ id }) => id === operator)!.name;
}

function operatorLine(operator: OperatorDescription, operators: readonly OperatorDescription[]): string {
  const { id, name, op, inputs, runsAt, kind, partner, expires, part, totals } = operator;
  const [left, right] = inputs.map((input) => `${input} ${nameOf(input, operators)}`);
  const parts = [`${id} ${name}: ${kind === undefined ? op : `${kind} ${op}`}`];
  if (left !== undefined) parts.push(` of ${left}`);
  if (right !== undefined) parts.push(` with ${right}, ${partner}`);
  if (expires !== undefined) parts.push(`, until ${expires}`);
  if (part !== undefined) parts.push(` (told apart by ${part})`);
  if (totals !== undefined) parts.push(` (${totals.join(", ")})`);
  return `${parts.join("")}; at ${runsAt}`;
}
