import { type Named, namedIn } from "./named_in_statement.ts";
import { functionOutside, type Known } from "./reading_rules.ts";

/** Rows of a statement of the engine itself. */
export type Ask = (sql: string) => Promise<string[][]>;

/** What whoever writes has made, as far as it leads outside of the databases. */
export interface OutsideDefinitions {
  known(): Promise<Known>;
  /** To be called when `sql` has been run. */
  changed(sql: string): void;
}

/** Databases whose tables lie in the data directory. */
const LOCAL_DATABASES = "'Atomic', 'Ordinary', 'Memory', 'Overlay', 'Lazy'";
/** Tables whose rows do, and views. */
const LOCAL_ENGINE = /MergeTree$|^(View|MaterializedView|Memory|Log|TinyLog|StripeLog|Set|Join|Null)$/;

const TABLE_FUNCTIONS =
  "SELECT lower(name) FROM system.table_functions WHERE name NOT IN (SELECT name FROM system.functions)";
const MADE_FUNCTIONS = "SELECT name, toString(origin), create_query FROM system.functions WHERE origin != 'System'";
const FOREIGN_DATABASES = `SELECT name FROM system.databases WHERE engine NOT IN (${LOCAL_DATABASES})`;
const TABLES = "SELECT name, engine, create_table_query FROM system.tables WHERE database NOT IN " +
  "('system', 'information_schema', 'INFORMATION_SCHEMA') AND database IN " +
  `(SELECT name FROM system.databases WHERE engine IN (${LOCAL_DATABASES}))`;

interface Definition {
  readonly name: string;
  readonly named: Named;
  readonly isForeign: boolean;
}

/** These are asked for once, and again when they may have changed: functions seldom, as listing them takes long. */
export function outsideDefinitions(ask: Ask): OutsideDefinitions {
  const tableFunctions = kept(async () => new Set((await ask(TABLE_FUNCTIONS)).map(([name]) => name)));
  const functions = kept(async () =>
    (await ask(MADE_FUNCTIONS)).map(([name, origin, sql]) => ({
      ...{ name, named: namedIn(sql), isForeign: origin !== "SQLUserDefined" },
    }))
  );
  const known = kept(async (): Promise<Known> => {
    const tables = (await ask(TABLES)).map(([name, engine, sql]) => ({
      ...{ name, named: namedIn(sql), isForeign: !LOCAL_ENGINE.test(engine) },
    }));
    const databases = (await ask(FOREIGN_DATABASES)).map(([name]) => ({ name, named: namedIn(""), isForeign: true }));
    return {
      tableFunctions: await tableFunctions.get(),
      leadOutside: leadOutside([...tables, ...databases, ...await functions.get()]),
    };
  });
  return {
    known: known.get,
    changed: (sql) => {
      known.forget();
      // A keyword has one writing.
      if (/FUNCTION/i.test(sql)) functions.forget();
    },
  };
}

/** A view over what leads outside does so, too, and one over that. */
function leadOutside(definitions: readonly Definition[]): Set<string> {
  const outside = new Set<string>();
  for (const { name, named, isForeign } of definitions) {
    if (isForeign || functionOutside(named) !== undefined) outside.add(name);
  }
  for (let before = -1; before < outside.size;) {
    before = outside.size;
    if (before === 0) break;
    for (const { name, named } of definitions) {
      if (!named.all.isDisjointFrom(outside)) outside.add(name);
    }
  }
  return outside;
}

/** A value that is asked for once, until it is forgotten. */
function kept<T>(make: () => Promise<T>): { readonly get: () => Promise<T>; readonly forget: () => void } {
  let value: Promise<T> | null = null;
  return {
    get: () => {
      const asked = value ?? make();
      value = asked;
      asked.catch(() => {
        if (value === asked) value = null;
      });
      return asked;
    },
    forget: () => void (value = null),
  };
}
