import { ProductionError } from "../../record/errors.ts";
import { avroCodec } from "./avro.ts";
import type { Codec, RegisteredSchema } from "./codec.ts";
import { jsonSchemaCodec } from "./json_schema.ts";
import { protobufCodec } from "./protobuf.ts";
import type { Registry } from "./registry.ts";

/** What an id stands for: how to read what it describes, or why nobody can. */
export type Known = { readonly codec: Codec } | { readonly problem: string };

/** For how long it is believed that there is no schema of an id: somebody may register it, and replay. */
const ABSENT_MS = 2_000;

const CODECS: Readonly<Record<RegisteredSchema["type"], (schema: RegisteredSchema) => Codec>> = {
  AVRO: avroCodec,
  JSON: jsonSchemaCodec,
  PROTOBUF: protobufCodec,
};

/** Schemas by id. What an id stands for never changes, so it is asked for once. */
export class SchemaCache {
  readonly registry: Registry;
  readonly #known = new Map<number, Known>();
  readonly #absentUntilMs = new Map<number, number>();
  readonly #asked = new Map<number, Promise<void>>();

  constructor(registry: Registry) {
    this.registry = registry;
  }

  /** Null: it must be asked for. */
  find(id: number): Known | null {
    const untilMs = this.#absentUntilMs.get(id);
    if (untilMs !== undefined && performance.now() > untilMs) {
      this.#absentUntilMs.delete(id);
      this.#known.delete(id);
    }
    return this.#known.get(id) ?? null;
  }

  /** Resolves when it is known. @throws ProductionError as {@link Registry.schema} */
  ask(id: number): Promise<void> {
    let asked = this.#asked.get(id);
    if (asked === undefined) {
      asked = this.#ask(id).finally(() => this.#asked.delete(id));
      asked.catch(() => {});
      this.#asked.set(id, asked);
    }
    return asked;
  }

  async #ask(id: number): Promise<void> {
    const schema = await this.registry.schema(id);
    if (schema === null) {
      const problem = `its schema has the id ${id}, which the schema registry does not have (40403). Register it ` +
        "again under this id, or look whether SCHEMA_REGISTRY_URL is the registry that the connector writes with; " +
        "then replay";
      this.#absentUntilMs.set(id, performance.now() + ABSENT_MS);
      this.#known.set(id, { problem });
      return;
    }
    this.#known.set(id, made(id, schema));
  }
}

function made(id: number, schema: RegisteredSchema): Known {
  try {
    return { codec: codecOf(schema) };
  } catch (error) {
    if (error instanceof ProductionError) throw error;
    return { problem: `its schema (${schema.type}, id ${id}) cannot be used: ${(error as Error).message}` };
  }
}

/** What reads and writes records of a schema. @throws Error for a schema that is none */
export function codecOf(schema: RegisteredSchema): Codec {
  return CODECS[schema.type](schema);
}
