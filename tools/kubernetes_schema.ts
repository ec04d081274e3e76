/**
 * Cuts the schema that tests/docs validates manifests with out of Kubernetes' own:
 * `pip download --no-deps kubernetes-validate`, unpack it, then
 * `deno run -A tools/kubernetes_schema.ts <.../kubernetes-json-schema/v1.37.0-local/_definitions.json>`.
 */
import { fileURLToPath } from "node:url";
import { ConfigError } from "../src/record/errors.ts";

/** The kinds that the page and its manifests use. */
const KINDS = [
  "io.k8s.api.apps.v1.Deployment",
  "io.k8s.api.apps.v1.StatefulSet",
  "io.k8s.api.core.v1.ServiceAccount",
  "io.k8s.api.networking.v1.NetworkPolicy",
  "io.k8s.api.policy.v1.PodDisruptionBudget",
];
const TARGET = new URL("../tests/docs/data/kubernetes_schema.json", import.meta.url);
const GROUP_VERSION_KIND = "x-kubernetes-group-version-kind";

type Schema = { readonly [keyword: string]: unknown };

/**
 * Without prose and hints for clients, and without the null that the package allows everywhere: a field left empty is a
 * mistake.
 */
function cut(schema: Schema): Schema {
  const kept = Object.entries(schema).filter(([keyword]) =>
    keyword !== "description" && (!keyword.startsWith("x-kubernetes-") || keyword === GROUP_VERSION_KIND)
  );
  return Object.fromEntries(kept.map(([keyword, value]) => [keyword, cutKeyword(keyword, value)]));
}

function cutKeyword(keyword: string, value: unknown): unknown {
  if (keyword === "properties") {
    return Object.fromEntries(
      Object.entries(value as Schema).map(([name, property]) => [name, cut(property as Schema)]),
    );
  }
  if (keyword === "type" && Array.isArray(value)) {
    const types = value.filter((type) => type !== "null");
    return types.length === 1 ? types[0] : types;
  }
  if (keyword === "oneOf") return (value as Schema[]).map(cut);
  const isSchema = ["items", "additionalProperties"].includes(keyword) && typeof value === "object";
  return isSchema ? cut(value as Schema) : value;
}

/** The definitions that `names` need, themselves included. */
function reachable(definitions: Readonly<Record<string, Schema>>, names: readonly string[]): Set<string> {
  const found = new Set<string>();
  const waiting = [...names];
  for (let name = waiting.pop(); name !== undefined; name = waiting.pop()) {
    if (found.has(name)) continue;
    found.add(name);
    for (const [, other] of JSON.stringify(definitions[name]).matchAll(/"#\/\$defs\/([^"]+)"/g)) waiting.push(other);
  }
  return found;
}

const [path] = Deno.args;
const version = /\/v(\d+\.\d+\.\d+)-local\//.exec(path ?? "")?.[1];
if (version === undefined) {
  throw new TypeError("Name the file: .../kubernetes-json-schema/v<version>-local/_definitions.json");
}
const { $defs } = JSON.parse(await Deno.readTextFile(path));
const names = [...reachable($defs, KINDS)].sort();
const schema = { kubernetes: version, $defs: Object.fromEntries(names.map((name) => [name, cut($defs[name])])) };
await Deno.writeTextFile(TARGET, JSON.stringify(schema, null, 2));
const { success } = await new Deno.Command(Deno.execPath(), { args: ["fmt", "--quiet", fileURLToPath(TARGET)] })
  .output();
if (!success) throw new ConfigError([`Cannot format ${fileURLToPath(TARGET)}`]);
console.log(`Kubernetes ${version}: ${names.length} of ${Object.keys($defs).length} definitions`);
