import { assertEquals } from "@std/assert";
import { Ajv, type ErrorObject, type ValidateFunction } from "ajv";
import addFormats from "ajv-formats";
import { parseAllDocuments } from "yaml";
import { projectPath, readText } from "../compose/compose_files.ts";

export type Labels = Readonly<Record<string, string>>;

interface Probe {
  readonly httpGet: { readonly path: string; readonly port: string };
  readonly periodSeconds: number;
  readonly timeoutSeconds: number;
  readonly failureThreshold: number;
}

export interface Container {
  readonly name: string;
  readonly image: string;
  readonly command: readonly string[];
  readonly args: readonly string[];
  readonly env: readonly { readonly name: string; readonly value: string }[];
  readonly ports: readonly { readonly name: string; readonly containerPort: number }[];
  readonly startupProbe: Probe;
  readonly livenessProbe: Probe;
  readonly readinessProbe: Probe;
  readonly resources: { readonly requests: Labels; readonly limits: Labels };
  readonly securityContext: unknown;
  readonly volumeMounts: readonly { readonly name: string; readonly mountPath: string; readonly readOnly?: boolean }[];
}

/** A file of a volume, and the key that holds it. */
interface Item {
  readonly key: string;
  readonly path: string;
}

export interface PodSpec {
  readonly serviceAccountName: string;
  readonly automountServiceAccountToken: boolean;
  readonly enableServiceLinks: boolean;
  readonly terminationGracePeriodSeconds: number;
  readonly securityContext: unknown;
  readonly topologySpreadConstraints: readonly { readonly labelSelector: { readonly matchLabels: Labels } }[];
  readonly containers: readonly Container[];
  readonly volumes: readonly {
    readonly name: string;
    readonly emptyDir?: { readonly sizeLimit: string };
    readonly secret?: {
      readonly secretName: string;
      readonly defaultMode: number;
      readonly items: readonly Item[];
    };
    readonly configMap?: { readonly name: string; readonly items: readonly Item[] };
  }[];
}

/** One document of a manifest: of its specification each test reads what its kind has. */
export interface Manifest<Spec = unknown> {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly labels: Labels };
  readonly spec: Spec;
}

export type Deployment = Manifest<{
  readonly replicas: number;
  readonly strategy: unknown;
  readonly selector: { readonly matchLabels: Labels };
  readonly template: {
    readonly metadata: { readonly labels: Labels; readonly annotations: Labels };
    readonly spec: PodSpec;
  };
}>;

const FOLDER = "docs/kubernetes";

/** Names of the manifests' files, from the project's root: those that `kubectl apply` takes of the folder. */
export function manifestFiles(folder = FOLDER): string[] {
  return [...Deno.readDirSync(projectPath(folder))].filter(({ isFile }) => isFile)
    .map(({ name }) => `${folder}/${name}`).sort();
}

/** All documents of a YAML text. @throws Error for what is no YAML, or means something else to kubectl (YAML 1.1) */
export function documentsOf(text: string): unknown[] {
  const [documents, older] = (["1.2", "1.1"] as const).map((version) =>
    parseAllDocuments(text, { version, merge: false }).map((document) => {
      if (document.errors.length > 0) throw document.errors[0];
      return document.toJS();
    })
  );
  assertEquals(documents, older, "YAML 1.1 and 1.2 read this differently: quote it");
  return documents;
}

export function readManifests(folder = FOLDER): Manifest[] {
  return manifestFiles(folder).flatMap((file) => documentsOf(readText(file)) as Manifest[]);
}

/** The only manifest of its kind in the folder. */
export function only<T extends Manifest>(kind: string, folder = FOLDER): T {
  const found = readManifests(folder).filter((manifest) => manifest.kind === kind);
  assertEquals(found.length, 1, `there must be one ${kind}`);
  return found[0] as T;
}

interface Definition {
  readonly properties?: Readonly<Record<string, unknown>>;
  readonly additionalProperties?: unknown;
  readonly "x-kubernetes-group-version-kind"?: readonly Readonly<Record<"group" | "version" | "kind", string>>[];
}

/** The schema as published lets unknown fields pass, and so misspelt ones: here they are refused. */
function refuseUnknown(definition: Definition): Definition {
  return definition.properties === undefined ? definition : { additionalProperties: false, ...definition };
}

function createValidators(): Map<string, ValidateFunction> {
  const { $defs } = JSON.parse(readText("tests/docs/data/kubernetes_schema.json"));
  const definitions = Object.entries($defs as Record<string, Definition>).map(([name, definition]) =>
    [name, refuseUnknown(definition)] as const
  );
  const ajv = new Ajv({ strict: false, allErrors: true });
  (addFormats as unknown as (ajv: Ajv) => void)(ajv);
  ajv.addSchema({ $id: "kubernetes", $defs: Object.fromEntries(definitions) });
  return new Map(
    definitions.flatMap(([name, { "x-kubernetes-group-version-kind": kinds = [] }]) =>
      kinds.map(({ group, version, kind }) => [
        `${group === "" ? version : `${group}/${version}`} ${kind}`,
        ajv.compile({ $ref: `kubernetes#/$defs/${name}`, required: ["apiVersion", "kind", "metadata"] }),
      ])
    ),
  );
}

const validators = createValidators();

/** What the schema of its kind says against a manifest. */
export function problemsOf({ apiVersion, kind, ...rest }: Readonly<Record<string, unknown>>): string[] {
  const validate = validators.get(`${apiVersion} ${kind}`);
  if (validate === undefined) return [`there is no schema of ${kind} ${apiVersion}`];
  validate({ apiVersion, kind, ...rest });
  return (validate.errors ?? []).map(problemText);
}

function problemText({ instancePath, message, params }: ErrorObject): string {
  return [instancePath, message, params.additionalProperty].filter((part) => part !== undefined).join(" ");
}

/** Bytes of a quantity such as 2Gi. */
export function bytesOf(quantity: string): number {
  const match = /^(\d+)(Ki|Mi|Gi)$/.exec(quantity);
  if (match === null) throw new TypeError(`Cannot read "${quantity}" as whole Ki, Mi or Gi`);
  return Number(match[1]) * 1024 ** (["Ki", "Mi", "Gi"].indexOf(match[2]) + 1);
}

/** Text between the lines ```` ```<language> ```` and ```` ``` ````. */
export function fragmentsOf(page: string, language: string): string[] {
  return [...page.matchAll(/^```(\w+)\n(.*?)^```$/gms)].filter(([, name]) => name === language).map(([, , text]) =>
    text
  );
}

/** A manifest and a patch, merged as by `kubectl patch`: objects by field, lists by the items' names; null removes. */
export function patched(target: unknown, patch: unknown): unknown {
  if (Array.isArray(target) && Array.isArray(patch)) {
    const names = patch.map(({ name }) => name);
    const kept = target.map((item) =>
      names.includes(item.name) ? patched(item, patch[names.indexOf(item.name)]) : item
    );
    return [...kept, ...patch.filter(({ name }) => !target.some((item) => item.name === name))];
  }
  if (typeof target !== "object" || typeof patch !== "object" || target === null || patch === null) return patch;
  const merged: Record<string, unknown> = { ...target };
  for (const [field, value] of Object.entries(patch)) {
    if (value === null) delete merged[field];
    else merged[field] = patched(merged[field], value);
  }
  return merged;
}
