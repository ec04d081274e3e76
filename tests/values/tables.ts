import type { ColumnKind } from "./columns.ts";
import { type WireForm, wireForm } from "./debezium_mode.ts";
import { type Change, columnsOf, line, type Shown, type ValueCase } from "./life.ts";
import type { PostgresServer } from "./postgres_server.ts";

/** What Debezium writes of one change: nothing if it changed nothing. */
interface Records {
  readonly source: "rights" | "lefts";
  readonly records: readonly { readonly key: string; readonly value: string | null }[];
}

interface Column {
  readonly name: string;
  readonly form: WireForm;
}

/** The two tables in PostgreSQL, and the records that Debezium would write of what is done to them. */
export class Tables {
  readonly #life: ValueCase;
  readonly #server: PostgresServer;
  readonly #columns: Readonly<Record<"rights" | "lefts", readonly Column[]>>;

  constructor(life: ValueCase, server: PostgresServer) {
    this.#life = life;
    this.#server = server;
    const form = (kind: ColumnKind) => wireForm(kind.wire, life.mode);
    const id = wireForm({ is: "integer", bits: 64 }, life.mode);
    const name = wireForm({ is: "text" }, life.mode);
    this.#columns = {
      rights: [{ name: "code", form: form(life.key) }, { name: "name", form: name }],
      lefts: [{ name: "id", form: id }, { name: "code", form: form(life.key) }, {
        name: "value",
        form: form(life.value),
      }],
    };
  }

  async create(): Promise<void> {
    const { key, value } = this.#life;
    await this.#server.query(`DROP TABLE IF EXISTS rights, lefts; DROP TYPE IF EXISTS mood;
      CREATE TYPE mood AS ENUM ('sad', 'so,so', 'it''s "ok"');
      CREATE TABLE rights (code ${key.sql} PRIMARY KEY, name text);
      CREATE TABLE lefts (id bigint PRIMARY KEY, code ${key.sql}, value ${value.sql})`);
  }

  async apply(change: Exclude<Change, { do: "rest" }>): Promise<Records> {
    const { key, value } = this.#life;
    const cast = (text: string | null, kind: ColumnKind) => text === null ? "NULL" : `'${text}'::${kind.sql}`;
    if (change.do === "right") {
      const code = cast(change.key, key);
      const name = change.name === null ? null : `'${change.name}'`;
      return await this.#write("rights", { where: `code = ${code}`, row: name === null ? null : `${code}, ${name}` });
    }
    const row = change.do === "left" ? `${change.id}, ${cast(change.key, key)}, ${cast(change.value, value)}` : null;
    return await this.#write("lefts", { where: `id = ${change.id}`, row });
  }

  /** The row is there with these values afterwards, or (null) is not. */
  async #write(
    source: "rights" | "lefts",
    { where, row }: { readonly where: string; readonly row: string | null },
  ): Promise<Records> {
    const names = this.#columns[source].map(({ name }) => name);
    const [before] = await this.#server.query(`SELECT * FROM ${source} WHERE ${where}`);
    if (row === null) {
      if (before === undefined) return { source, records: [] };
      await this.#server.query(`DELETE FROM ${source} WHERE ${where}`);
      const key = this.#keyJson(source, before);
      const value = this.#envelope(source, { op: "d", before, after: null });
      return { source, records: [{ key, value }, { key, value: null }] };
    }
    const sets = names.slice(1).map((name) => `${name} = EXCLUDED.${name}`).join(", ");
    const [after] = await this.#server.query(
      `INSERT INTO ${source} VALUES (${row}) ON CONFLICT (${names[0]}) DO UPDATE SET ${sets} RETURNING *`,
    );
    const value = this.#envelope(source, { op: before === undefined ? "c" : "u", before: before ?? null, after });
    return { source, records: [{ key: this.#keyJson(source, after), value }] };
  }

  #keyJson(source: "rights" | "lefts", row: Readonly<Record<string, string | null>>): string {
    const [{ name, form }] = this.#columns[source];
    const payload = `{${JSON.stringify(name)}:${form.json(row[name]!)}}`;
    if (!this.#life.mode.schemas) return payload;
    const field = { ...ordered(form.schema, "required"), field: name };
    const schema = {
      type: "struct",
      fields: [field],
      optional: false,
      name: `shop.public.${source}.Key`,
    };
    return `{"schema":${JSON.stringify(schema)},"payload":${payload}}`;
  }

  #envelope(
    source: "rights" | "lefts",
    { op, before, after }: {
      readonly op: string;
      readonly before: Readonly<Record<string, string | null>> | null;
      readonly after: Readonly<Record<string, string | null>> | null;
    },
  ): string {
    const columns = this.#columns[source];
    const rowText = (row: Readonly<Record<string, string | null>> | null) =>
      row === null
        ? "null"
        : `{${
          columns.map(({ name, form }) => `"${name}":${row[name] === null ? "null" : form.json(row[name]!)}`).join(",")
        }}`;
    const payload = `{"before":${rowText(before)},"after":${rowText(after)},"source":{"version":"3.6.3.Final",` +
      `"connector":"postgresql","name":"shop","ts_ms":1718454896123,"snapshot":"false","db":"shop",` +
      `"schema":"public","table":"${source}"},"transaction":null,"op":"${op}","ts_ms":1718454896123}`;
    if (!this.#life.mode.schemas) return payload;
    const fields = columns.map(({ name, form }, index) => ({
      ...ordered(form.schema, index > 0 ? "optional" : "required"),
      field: name,
    }));
    const row = (field: string) => ({
      type: "struct",
      fields,
      optional: true,
      name: `shop.public.${source}.Value`,
      field,
    });
    const schema = {
      type: "struct",
      fields: [row("before"), row("after"), { type: "string", optional: false, field: "op" }],
      optional: false,
      name: `shop.public.${source}.Envelope`,
    };
    return `{"schema":${JSON.stringify(schema)},"payload":${payload}}`;
  }

  /** What PostgreSQL computes from its tables, in the form of what is shown. */
  async answers(): Promise<Shown> {
    const columns = columnsOf(this.#life);
    const { value } = this.#life;
    const totals = [
      "code",
      "count(*) AS rows",
      ...(value.total === null ? [] : ["coalesce(sum(value), 0) AS total"]),
      ...(value.ordered ? ["min(value) AS least", "max(value) AS greatest"] : []),
    ];
    const ask = async (name: "joined" | "rights" | "groups", sql: string) =>
      [name, (await this.#server.query(sql)).map((row) => line(columns[name], row)).sort()] as const;
    return Object.fromEntries([
      await ask("joined", "SELECT l.id, l.value, r.name FROM lefts l LEFT JOIN rights r ON l.code = r.code"),
      await ask("rights", "SELECT code, name FROM rights"),
      await ask("groups", `SELECT ${totals.join(", ")} FROM lefts WHERE code IS NOT NULL GROUP BY code`),
    ]);
  }
}

/** Members in the order in which JsonConverter writes them. */
function ordered({ type, ...rest }: WireForm["schema"], need: "optional" | "required"): Record<string, unknown> {
  const { fields, ...named } = rest;
  return { type, ...(fields === undefined ? {} : { fields }), optional: need === "optional", ...named };
}
