import type { DeadLetter } from "../../../src/ports/dead_letters.ts";
import { projectPath } from "../layout.ts";
import { addTopics } from "../topics.ts";
import { addTables, captureTables } from "./added_tables.ts";
import type { Stage } from "./stage.ts";
import { until } from "./steps.ts";
import type { WeirProcess } from "./weir.ts";

export const LIBRARY = "library";
export const DOCUMENTS = "online_store.public.documents";
export const DOCUMENT_PARTITIONS = 6;

/** What the topics of the two tables take, and what Debezium sends: more than any record of these tests. */
const RECORD_BYTES_MAX = String(20_000_000);

/** Notes on documents: rows that are looked up through an inbox, and may be large. */
const TOPOLOGY = `
import { clickhouse, debezium, int8, topology } from "file://${projectPath("src/mod.ts")}";
import { z } from "npm:zod@^4";

const documents = debezium("${DOCUMENTS}", {
  key: ["id"],
  row: z.object({ id: int8(), title: z.string(), body: z.string() }),
});
const notes = debezium("online_store.public.notes", {
  key: ["id"],
  row: z.object({ id: int8(), document_id: int8(), note: z.string() }),
});

export default topology("${LIBRARY}", (builder) => {
  const library = builder.table(documents);
  library.to(clickhouse("documents", { key: ["id"], columns: { id: "Int64", title: "String", body: "String" } }));
  builder.table(notes)
    .join("document", library, (note) => note.document_id)
    .mapValues((note) => ({ id: note.id, note: note.note, title: note.document.title, body: note.document.body }))
    .to(clickhouse("noted", {
      key: ["id"],
      columns: { id: "Int64", note: "String", title: "String", body: "String" },
    }));
});
`;

/**
 * Two tables beside the store's, captured by the connector, and a topology that joins them. Whatever an earlier
 * scenario left in them is deleted.
 * @returns the environment in which Weir finds the topology
 */
export async function openLibrary(stage: Stage): Promise<Readonly<Record<string, string>>> {
  await addTables(stage, {
    documents: "id bigint PRIMARY KEY, title text NOT NULL, body text NOT NULL",
    notes: "id bigint PRIMARY KEY, document_id bigint NOT NULL REFERENCES documents, note text NOT NULL",
  });
  const config = { "cleanup.policy": "compact", "max.message.bytes": RECORD_BYTES_MAX };
  const partitions = DOCUMENT_PARTITIONS;
  await addTopics(stage.layout, [DOCUMENTS, "online_store.public.notes"].map((name) => ({ name, partitions, config })));
  await captureTables(stage, {
    tables: ["documents", "notes"],
    changes: { "producer.override.max.request.size": RECORD_BYTES_MAX },
  });
  await stage.sql("DELETE FROM notes; DELETE FROM documents;");
  return await stage.writeTopologies(LIBRARY, { [LIBRARY]: TOPOLOGY });
}

/**
 * Resolves with the library's dead letters beyond the `before` older ones as soon as there are `least`, the newest
 * first.
 * @throws Error when the process ends before
 */
export async function newLetters(
  stage: Stage,
  { weir, before, least = 1, signal }: {
    readonly weir: WeirProcess;
    readonly before: number;
    readonly least?: number;
    readonly signal: AbortSignal;
  },
): Promise<DeadLetter[]> {
  return await until(async () => {
    weir.requireAlive();
    const all = await stage.deadLetters([LIBRARY]);
    return all.length - before >= least && all.slice(0, all.length - before);
  }, { signal, everyMs: 500 });
}

/** SQL of a text of so many characters that does not compress well. */
export function longText(length: number): string {
  return `(SELECT left(string_agg(md5(part::text), ''), ${length}) FROM generate_series(1, ${
    Math.ceil(length / 32)
  }) part)`;
}
