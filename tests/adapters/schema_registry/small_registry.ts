import type { Registry } from "../../../src/adapters/schema_registry/registry.ts";
import { ProductionError } from "../../../src/record/errors.ts";

/** A schema as it was registered. */
export interface Registered {
  readonly id: number;
  readonly schema: string;
  /** Absent: AVRO. */
  readonly schemaType?: "JSON" | "PROTOBUF";
  readonly references?: readonly { readonly name: string; readonly subject: string; readonly version: number }[];
}

/** What a {@link SmallRegistry} can be told to do instead of answering. */
export type Mood = "well" | "down" | "broken" | "hanging";

/**
 * A schema registry with Confluent's interface over HTTP, as far as a reader needs it, and what Apicurio's converters
 * need to register schemas (`/apis/registry/v2`).
 */
export class SmallRegistry {
  mood: Mood = "well";
  /** `user:password`; null: anybody. */
  login: string | null = null;
  /** A bearer token that is accepted instead. */
  token: string | null = null;
  /** What subjects may be followed by, by name; `""`: all others. */
  readonly compatibility = new Map([["", "BACKWARD"]]);
  /** Paths asked for, in order. */
  readonly asked: string[] = [];
  readonly #schemas = new Map<number, Registered>();
  readonly #subjects = new Map<string, number[]>();
  readonly #server: Deno.HttpServer<Deno.NetAddr>;

  constructor(options: { readonly port?: number; readonly cert?: string; readonly key?: string } = {}) {
    const { cert, key } = options;
    this.#server = Deno.serve({
      hostname: "127.0.0.1",
      port: options.port ?? 0,
      onListen: () => {},
      ...cert === undefined || key === undefined ? {} : { cert, key },
    }, (request) => this.#answer(request));
  }

  get url(): string {
    return `http://127.0.0.1:${this.#server.addr.port}`;
  }

  get port(): number {
    return this.#server.addr.port;
  }

  /** Registers a schema under its id, as the next version of a subject. Returns the id. */
  register(subject: string, { id, schema, schemaType, references }: Partial<Registered> & { schema: string }): number {
    const known = [...this.#schemas.values()].find((one) => one.schema === schema && one.schemaType === schemaType);
    const own = id ?? known?.id ?? Math.max(0, ...this.#schemas.keys()) + 1;
    this.#schemas.set(own, {
      id: own,
      schema,
      ...schemaType === undefined ? {} : { schemaType },
      ...references === undefined ? {} : { references },
    });
    const versions = this.#subjects.get(subject) ?? [];
    if (!versions.includes(own)) versions.push(own);
    this.#subjects.set(subject, versions);
    return own;
  }

  /** Forgets a version of a subject, counted from 1. */
  deleteVersion(subject: string, version: number): void {
    this.#subjects.set(subject, this.#subjects.get(subject)!.toSpliced(version - 1, 1));
  }

  /** All that is registered, by subject. */
  registered(): Record<string, Registered[]> {
    return Object.fromEntries(
      [...this.#subjects].map(([subject, ids]) => [subject, ids.map((id) => this.#schemas.get(id)!)]),
    );
  }

  /** The same without HTTP, for tests whose clock stands still meanwhile. */
  direct(): Registry {
    const answered = <T>(answer: () => T): Promise<T> =>
      this.mood === "well"
        ? Promise.resolve().then(answer)
        : Promise.reject(new ProductionError(`The registry is ${this.mood}`, { retriable: true }));
    return {
      check: () => answered(() => {}),
      idsOf: (subject) => answered(() => [...this.#subjects.get(subject) ?? []]),
      versionsOf: () => answered(() => []),
      latest: () => answered(() => null),
      compatibility: () => answered(() => "BACKWARD"),
      schema: (id) =>
        answered(() => {
          const found = this.#schemas.get(id);
          if (found === undefined) return null;
          return { type: found.schemaType ?? "AVRO", text: found.schema, references: new Map() };
        }),
      close: () => {},
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.mood = "well";
    await this.#server.shutdown();
  }

  async #answer(request: Request): Promise<Response> {
    const { pathname } = new URL(request.url);
    this.asked.push(pathname);
    if (this.mood === "hanging") await new Promise((resolve) => setTimeout(resolve, 5_000));
    if (this.mood === "down") return failure(50302, "Error while forwarding the request to the primary");
    if (this.mood === "broken") return new Response("<html>proxy error</html>", { status: 502 });
    const authorization = request.headers.get("authorization");
    const logins = [
      ...this.login === null ? [] : [`Basic ${btoa(this.login)}`],
      ...this.token === null ? [] : [`Bearer ${this.token}`],
    ];
    if (logins.length > 0 && !logins.includes(authorization ?? "")) return failure(401, "Unauthorized");
    if (pathname.startsWith("/apis/registry/v2/")) return await this.#apicurio(request, pathname);
    return await this.#confluent(request, pathname.replace(/^\/apis\/ccompat\/v\d/, ""));
  }

  async #config(request: Request, subject: string): Promise<Response> {
    if (request.method === "PUT") {
      const { compatibility } = await request.json() as { readonly compatibility: string };
      this.compatibility.set(subject, compatibility);
      return Response.json({ compatibility });
    }
    const compatibilityLevel = this.compatibility.get(subject);
    return compatibilityLevel === undefined
      ? failure(40408, `Subject '${subject}' does not have subject-level compatibility configured`)
      : Response.json({ compatibilityLevel });
  }

  #confluent(request: Request, path: string): Response | Promise<Response> {
    if (path === "/schemas/types") return Response.json(["JSON", "PROTOBUF", "AVRO"]);
    const byId = /^\/schemas\/ids\/(\d+)$/.exec(path);
    if (byId !== null) {
      const found = this.#schemas.get(Number(byId[1]));
      return found === undefined ? failure(40403, `Schema ${byId[1]} not found`) : Response.json(found);
    }
    const config = /^\/config(?:\/(.+))?$/.exec(path);
    if (config !== null) return this.#config(request, decodeURIComponent(config[1] ?? ""));
    const [, encoded, version] = /^\/subjects\/([^/]+)\/versions(?:\/(\d+|latest))?$/.exec(path) ?? [];
    if (encoded === undefined) return failure(404, "HTTP 404 Not Found");
    const subject = decodeURIComponent(encoded);
    const ids = this.#subjects.get(subject);
    if (ids === undefined || ids.length === 0) return failure(40401, `Subject '${subject}' not found.`);
    if (version === undefined) return Response.json(ids.map((_id, index) => index + 1));
    const number = version === "latest" ? ids.length : Number(version);
    const found = this.#schemas.get(ids[number - 1]);
    if (found !== undefined && request.method === "DELETE") {
      this.deleteVersion(subject, number);
      return Response.json(number);
    }
    if (found === undefined) return failure(40402, `Version ${version} not found.`);
    return Response.json({ subject, version: number, ...found });
  }

  /** Creates an artifact, or finds it: all that Apicurio's serializers ask for. */
  async #apicurio(request: Request, path: string): Promise<Response> {
    const group = /^\/apis\/registry\/v2\/groups\/([^/]+)\/artifacts$/.exec(path)?.[1];
    const artifact = request.headers.get("x-registry-artifactid");
    if (request.method !== "POST" || group === undefined || artifact === null) {
      return Response.json({ error_code: 404, message: `Not found: ${path}` }, { status: 404 });
    }
    const body = await request.text();
    const isExtended = request.headers.get("content-type")?.includes("create.extended");
    const schema = isExtended ? (JSON.parse(body) as { content: string }).content : body;
    const type = request.headers.get("x-registry-artifacttype") ?? "AVRO";
    const id = this.register(artifact, {
      schema,
      ...type === "JSON" || type === "PROTOBUF" ? { schemaType: type } : {},
    });
    const created = { createdOn: "2026-01-01T00:00:00+0000", modifiedOn: "2026-01-01T00:00:00+0000" };
    const ids = { id: artifact, groupId: group, version: "1", globalId: id, contentId: id };
    return Response.json({ ...ids, ...created, type, state: "ENABLED", references: [] });
  }
}

function failure(code: number, message: string): Response {
  return Response.json({ error_code: code, message }, { status: Number(String(code).slice(0, 3)) });
}
