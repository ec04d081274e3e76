import { ConfigError, ProductionError } from "../../record/errors.ts";
import type { RegisteredSchema } from "./codec.ts";

/** How a registry is reached. */
export interface RegistryOptions {
  /** Addresses of its servers: the next one is asked when one does not answer. */
  readonly urls: readonly string[];
  /** Read at each request, as tokens and passwords are renewed. Null: nobody logs in. */
  readonly authorization: () => string | null;
  /**
   * Texts in PEM, read at the first request, and again when one fails, as they are renewed. Absent: the system's
   * authorities, and no certificate.
   */
  readonly tls: () => {
    readonly ca?: string;
    readonly client?: { readonly certificate: string; readonly key: string };
  };
  /** Milliseconds for each request. */
  readonly timeoutMs?: number;
}

/** A registry as Confluent's interface has it (`GET /schemas/ids/{id}`, `/subjects/{subject}/versions`). */
export interface Registry {
  /** Whether it answers. @throws as {@link Registry.schema} */
  check(): Promise<void>;
  /**
   * The schema of an id with all that it refers to; null if the registry has none.
   * @throws ProductionError retriable, when it does not answer or has an error of its own; else of reason `setup`, when
   * it refuses
   */
  schema(id: number): Promise<RegisteredSchema | null>;
  /**
   * The ids of a subject's versions, oldest first, each once; none if there is no such subject. Those deleted do not
   * count. @throws as {@link Registry.schema}
   */
  idsOf(subject: string): Promise<number[]>;
  /** The versions of a subject with the ids of their schemas, oldest first. @throws as {@link Registry.schema} */
  versionsOf(subject: string): Promise<readonly { readonly version: number; readonly id: number }[]>;
  /** The newest version of a subject; null if there is none. @throws as {@link Registry.schema} */
  latest(subject: string): Promise<{ readonly id: number; readonly schema: RegisteredSchema } | null>;
  /** Which schemas may follow in the subject: its own setting, or the registry's. @throws as {@link Registry.schema} */
  compatibility(subject: string): Promise<string>;
  close(): void;
}

const TIMEOUT_MS = 10_000;
/** Schemas may refer to others, which refer to others; a circle ends here. */
const REFERENCES_MAX = 200;
const NOT_FOUND = 404;

interface Answer {
  readonly schema?: string;
  readonly schemaType?: string;
  readonly id?: number;
  readonly references?: readonly { readonly name: string; readonly subject: string; readonly version: number }[];
}

/** Asks a registry over HTTP. Nothing is kept. */
export function openRegistry(options: RegistryOptions): Registry {
  const asker = new Asker(options);
  return {
    check: async () => void await asker.get("/schemas/types"),
    async schema(id) {
      const answer = await asker.get(`/schemas/ids/${id}`) as Answer | null;
      return answer === null ? null : await wholeSchema(asker, answer);
    },
    idsOf: async (subject) => [...new Set((await versionsOf(asker, subject)).map(({ id }) => id))],
    versionsOf: (subject) => versionsOf(asker, subject),
    async latest(subject) {
      const path = `/subjects/${encodeURIComponent(subject)}/versions/latest`;
      const answer = await asker.get(path) as Answer | null;
      if (answer?.id === undefined) return null;
      const schema = await wholeSchema(asker, answer);
      return schema === null ? null : { id: answer.id, schema };
    },
    async compatibility(subject) {
      const own = await asker.get(`/config/${encodeURIComponent(subject)}`) ?? await asker.get("/config");
      return (own as { readonly compatibilityLevel?: string } | null)?.compatibilityLevel ?? "BACKWARD";
    },
    close: () => asker.close(),
  };
}

/** With all that it refers to; null if that is not all there. */
async function wholeSchema(asker: Asker, answer: Answer): Promise<RegisteredSchema | null> {
  const references = new Map<string, string>();
  if (!await gather(asker, { answer, into: references })) return null;
  return { type: typeOf(answer), text: answer.schema ?? "", references };
}

async function versionsOf(asker: Asker, subject: string) {
  const path = `/subjects/${encodeURIComponent(subject)}/versions`;
  const found: { readonly version: number; readonly id: number }[] = [];
  for (const version of await asker.get(path) as readonly number[] | null ?? []) {
    const answer = await asker.get(`${path}/${version}`) as Answer | null;
    if (answer?.id !== undefined) found.push({ version, id: answer.id });
  }
  return found;
}

function typeOf({ schemaType = "AVRO" }: Answer): RegisteredSchema["type"] {
  return schemaType === "JSON" || schemaType === "PROTOBUF" ? schemaType : "AVRO";
}

/** Those that are referred to come before those that do. Whether all are there. */
async function gather(
  asker: Asker,
  { answer: { references = [] }, into }: { readonly answer: Answer; readonly into: Map<string, string> },
): Promise<boolean> {
  for (const { name, subject, version } of references) {
    if (into.has(name)) continue;
    if (into.size >= REFERENCES_MAX) return false;
    const answer = await asker.get(`/subjects/${encodeURIComponent(subject)}/versions/${version}`) as Answer | null;
    if (answer === null || !await gather(asker, { answer, into })) return false;
    into.set(name, answer.schema ?? "");
  }
  return true;
}

class Asker {
  readonly #options: RegistryOptions;
  #client: Deno.HttpClient | null = null;
  #tls = "";
  /** Which server answered last. */
  #at = 0;

  constructor(options: RegistryOptions) {
    this.#options = options;
  }

  /** What stands at a path; null if there is nothing. */
  async get(path: string): Promise<unknown> {
    const { urls } = this.#options;
    let failure: unknown;
    for (let tries = 0; tries < urls.length; tries++) {
      const url = urls[this.#at];
      try {
        return await this.#askRenewed(url, path);
      } catch (error) {
        if (error instanceof ProductionError && !error.retriable) throw error;
        failure = error;
        this.#at = (this.#at + 1) % urls.length;
      }
    }
    if (failure instanceof ProductionError) throw failure;
    const reason = failure instanceof Error ? rootOf(failure) : String(failure);
    const message = `Cannot reach the schema registry at ${urls.map(shownUrl).join(", ")}: ${reason}. Check ` +
      "SCHEMA_REGISTRY_URL, and that it runs";
    throw new ProductionError(message, { retriable: true, cause: failure });
  }

  /** Once more with certificates that were renewed meanwhile: an expired one is refused in many ways. */
  async #askRenewed(url: string, path: string): Promise<unknown> {
    const first = this.#client === null;
    if (first) this.#renew();
    try {
      return await this.#ask(url, path);
    } catch (error) {
      if (first || !this.#renew()) throw error;
      return await this.#ask(url, path);
    }
  }

  async #ask(url: string, path: string): Promise<unknown> {
    const { authorization, timeoutMs = TIMEOUT_MS } = this.#options;
    const login = authorization();
    const response = await fetch(`${url.replace(/\/+$/, "")}${path}`, {
      headers: {
        accept: "application/vnd.schemaregistry.v1+json, application/json",
        ...login === null ? {} : { authorization: login },
      },
      // A login is for this server alone.
      redirect: "manual",
      signal: AbortSignal.timeout(timeoutMs),
      client: this.#client!,
    });
    const text = await response.text();
    if (response.ok) return JSON.parse(text);
    // A path that is none is answered by 404 as well: what is not there has codes of its own (40401, 40402, 40403).
    if (response.status === NOT_FOUND && /"error_code"\s*:\s*404\d\d\b/.test(text)) return null;
    throw refusal({ url, path, status: response.status, text });
  }

  /** Whether the certificates are others than before. */
  #renew(): boolean {
    const { ca, client } = this.#options.tls();
    const tls = JSON.stringify([ca, client]);
    if (this.#client !== null && tls === this.#tls) return false;
    this.#client?.close();
    this.#client = Deno.createHttpClient({
      ...ca === undefined ? {} : { caCerts: [ca] },
      ...client === undefined ? {} : { cert: client.certificate, key: client.key },
    });
    this.#tls = tls;
    return true;
  }

  close(): void {
    this.#client?.close();
    this.#client = null;
  }
}

function refusal(
  { url, path, status, text }: {
    readonly url: string;
    readonly path: string;
    readonly status: number;
    readonly text: string;
  },
): ProductionError {
  const said = text.replace(/\s+/g, " ").slice(0, 200);
  const message = `Cannot ask the schema registry at ${shownUrl(url)} for ${path}: it answers ${status}, ${said}`;
  if (status === 401 || status === 403) {
    const advice = ". Check SCHEMA_REGISTRY_USER and SCHEMA_REGISTRY_PASSWORD (or SCHEMA_REGISTRY_TOKEN)";
    return new ProductionError(message + advice, { retriable: false, reason: "setup" });
  }
  if (status >= 300 && status < 500 && status !== 408 && status !== 429) {
    const advice = ". Check the path of SCHEMA_REGISTRY_URL (of Apicurio: /apis/ccompat/v7)";
    return new ProductionError(message + advice, { retriable: false, reason: "setup" });
  }
  return new ProductionError(message, { retriable: true });
}

/** A ConfigError of what only a person can change; anything else as it is. */
export function setupError(error: unknown): unknown {
  return error instanceof ProductionError && error.reason === "setup"
    ? new ConfigError([error.message], { cause: error })
    : error;
}

function shownUrl(url: string): string {
  const shown = new URL(url);
  shown.username = shown.password = "";
  return shown.href.replace(/\/$/, "");
}

function rootOf(error: Error): string {
  return error.cause instanceof Error ? rootOf(error.cause) : error.message;
}
