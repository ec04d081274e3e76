import type { AppendSpec } from "../dsl/append_sink.ts";
import type { SinkSpec } from "../dsl/sink.ts";
import { deletingElements, elementsOf, type TableStorage, withoutQuoted } from "../record/table_storage.ts";

/** Codecs that give back every bit. ClickHouse tells capitals apart. */
const EXACT_CODECS = new Set([
  ...["NONE", "Default", "LZ4", "LZ4HC", "ZSTD", "ZSTD_QAT", "DEFLATE_QPL", "Delta", "DoubleDelta", "GCD", "Gorilla"],
  ...["FPC", "T64", "ALP", "AES_128_GCM_SIV", "AES_256_GCM_SIV"],
]);

const TOMBSTONES =
  "it removes deleted rows while an older version may still be under way, which would then be shown. " +
  "Remove them with: deno task cleanup";
const TOKENS = "Weir decides how many inserts a table remembers, so that each row is there once";
/** Settings that would make a table show something else, or that Weir sets itself. */
const REFUSED_SETTINGS: Readonly<Record<string, string>> = {
  clean_deleted_rows: TOMBSTONES,
  allow_experimental_replacing_merge_with_cleanup: TOMBSTONES,
  enable_replacing_merge_with_cleanup_for_min_age_to_force_merge: TOMBSTONES,
  non_replicated_deduplication_window: TOKENS,
  replicated_deduplication_window: TOKENS,
  replicated_deduplication_window_seconds: TOKENS,
  replicated_deduplication_window_for_async_inserts: TOKENS,
  replicated_deduplication_window_seconds_for_async_inserts: TOKENS,
  allow_nullable_key: "Weir sets it where a column of the key is Nullable",
  deduplicate_merge_projection_mode: "Weir sets it where projections are declared",
  lightweight_mutation_projection_mode: "Weir sets it where projections are declared",
  allow_nondeterministic_functions: "a partition must follow from the key alone",
  table_readonly: "nothing could be written",
};

/** What is wrong with how a sink wants its rows kept: what would make ClickHouse show other rows than were written. */
export function sinkStorageProblems({ name, key, columns, storage }: SinkSpec): string[] {
  if (storage === undefined) return [];
  const { partitionBy, orderBy, ttl } = storage;
  const problems: string[] = [];
  for (const column of columnsIn(partitionBy ?? "", Object.keys(columns))) {
    if (key.includes(column)) continue;
    problems.push(
      `Sink "${name}" cannot be partitioned by "${column}", which is not part of its key: ClickHouse replaces a row ` +
        `within its partition only, so a row whose "${column}" changes would be kept in both, and its deletion would ` +
        `reach one of them. Partition by columns of the key (${key.join(", ")}), or declare an index: ` +
        `indexes: { ${column}: "minmax" }`,
    );
  }
  if (orderBy !== undefined && [...orderBy].sort().join("\n") !== [...key].sort().join("\n")) {
    problems.push(
      `Sink "${name}" cannot be sorted by (${orderBy.join(", ")}): ClickHouse replaces rows that are equal in the ` +
        `columns it sorts by, so these must be those of the key, in any order: ${key.join(", ")}`,
    );
  }
  for (const element of ttl === undefined ? [] : deletingElements(ttl)) {
    problems.push(
      `Sink "${name}" cannot have the TTL "${element}": it deletes or changes rows that the sources still have, and ` +
        "the next start would write them again. Let rows leave by expireAfter(), or move them: " +
        "... TO VOLUME 'cold', ... RECOMPRESS CODEC(ZSTD(12))",
    );
  }
  return [...problems, ...commonProblems({ name, columns: Object.keys(columns), storage })];
}

/** The same of a table that rows are added to, of which a TTL may delete rows and any column may name the partition. */
export function appendStorageProblems({ name, columns, storage }: AppendSpec): string[] {
  return storage === undefined ? [] : commonProblems({ name, columns: Object.keys(columns), storage });
}

/** Totals are kept in columns of other types than they are declared with. */
export function shareStorageProblems({ name, key, storage }: SinkSpec): string[] {
  return Object.keys(storage?.codecs ?? {}).filter((column) => !key.includes(column)).map((column) =>
    `Sink "${name}" cannot have codecs for the total "${column}": its shares are kept in columns of other types. ` +
    `Declare codecs for columns of the key alone (${key.join(", ")})`
  );
}

interface Declared {
  readonly name: string;
  readonly columns: readonly string[];
  readonly storage: TableStorage;
}

function commonProblems({ name, columns, storage }: Declared): string[] {
  const problems: string[] = [];
  for (const [column, codecs] of Object.entries(storage.codecs ?? {})) {
    if (!columns.includes(column)) {
      problems.push(`Sink "${name}" cannot have codecs for "${column}", which is none of its columns`);
    }
    for (const codec of elementsOf(codecs)) {
      const word = /^\w+/.exec(codec)?.[0] ?? "";
      if (EXACT_CODECS.has(word)) continue;
      problems.push(
        `Sink "${name}" cannot have the codec "${codec}" for "${column}": it is none of those known to give back ` +
          `every bit. Use codecs as in "Delta, ZSTD(3)"`,
      );
    }
  }
  for (const projection of Object.keys(storage.projections ?? {})) {
    if (/^[a-zA-Z]\w*$/.test(projection)) continue;
    problems.push(`Sink "${name}" cannot have a projection "${projection}". Name it with letters, digits and "_"`);
  }
  for (const [setting, value] of Object.entries(storage.settings ?? {})) {
    if (Object.hasOwn(REFUSED_SETTINGS, setting)) {
      problems.push(`Sink "${name}" cannot have the setting ${setting} = ${value}: ${REFUSED_SETTINGS[setting]}`);
    } else if (!/^[a-z]\w*$/.test(setting)) {
      problems.push(`Sink "${name}" cannot have the setting "${setting}". Name a setting of MergeTree`);
    }
  }
  return problems;
}

/** Which of the columns an expression names. */
function columnsIn(expression: string, columns: readonly string[]): string[] {
  const quoted = [...expression.matchAll(/[`"]([^`"]+)[`"]/g)].map(([, column]) => column);
  // What stands before a bracket is a function.
  const bare = [...withoutQuoted(expression).matchAll(/[A-Za-z_]\w*\b(?!\s*\()/g)].map(([word]) => word);
  return columns.filter((column) => quoted.includes(column) || bare.includes(column));
}
