import { assert, assertEquals } from "@std/assert";
import { VARIABLE_NAMES } from "../../src/cli/config/environment_schema.ts";
import { readCompose, readText } from "../compose/compose_files.ts";
import { type Deployment, fragmentsOf, type Manifest, only, problemsOf, readManifests } from "./kubernetes.ts";

const FOLDER = "docs/kubernetes/proof";
const weir = only<Deployment>("Deployment").spec.template;
const { spec } = only<Deployment>("Deployment", FOLDER);
const pod = spec.template.spec;
const [container] = pod.containers;
const environment = Object.fromEntries(container.env.map(({ name, value }) => [name, value]));
const compose = readCompose("compose.yaml").services["weir-proof"];

/** Words of a command but for the addresses and variables that are allowed. */
const without = (command: readonly string[]) => command.filter((word) => !/^--allow-(net|env)=/.test(word));
const allowedOf = (what: string) =>
  container.command.flatMap((word) => word.startsWith(`--allow-${what}=`) ? word.split("=")[1].split(",") : []);

Deno.test("proof.yaml agrees with Kubernetes' own schema", () => {
  const manifests = readManifests(FOLDER);
  assertEquals(manifests.map(({ kind }) => kind), ["Service", "Deployment", "NetworkPolicy", "NetworkPolicy"]);
  const [service, ...others] = manifests;
  for (const manifest of others) assertEquals(problemsOf({ ...manifest }), [], manifest.kind);
  // Of a Service the schema's copy has nothing: here is all of it.
  assertEquals(service, {
    apiVersion: "v1",
    kind: "Service",
    metadata: { name: "weir", labels: weir.metadata.labels },
    spec: { selector: weir.metadata.labels, ports: [{ name: "http", port: 8686, targetPort: "http" }] },
  });
  assertEquals(weir.spec.containers[0].ports, [{ name: "http", containerPort: 8686 }]);
});

Deno.test("proof.yaml runs what weir-proof of the Compose stack runs, with as few rights as Weir's pods", () => {
  assertEquals(without(container.command), without(compose.entrypoint!));
  assertEquals(container.args, compose.command);
  assertEquals(container.image, weir.spec.containers[0].image);
  assertEquals([spec.replicas, pod.enableServiceLinks, pod.automountServiceAccountToken], [1, false, false]);
  assertEquals(pod.securityContext, weir.spec.securityContext);
  assertEquals(container.securityContext, weir.spec.containers[0].securityContext);
});

Deno.test("proof.yaml sets variables that Weir has, reaches what they name, and mounts what they read", () => {
  const readable = allowedOf("env");
  for (const name of Object.keys(environment).filter((name) => name !== "DENO_V8_FLAGS")) {
    assert(VARIABLE_NAMES.includes(name), `${name} is no variable of Weir`);
    assert(readable.some((entry) => entry === name || name.startsWith(entry.replace("*", ""))), name);
  }
  const named = [environment.CLICKHOUSE_URL, environment.VERIFY_DATABASE_URL, container.args.at(-1)!];
  assertEquals(allowedOf("net").sort(), named.map((url) => new URL(url).host).sort());
  const { secretName, items } = pod.volumes[0].secret!;
  const files = Object.values(environment).filter((value) => value.startsWith("/run/secrets/"));
  assertEquals(files.map((file) => file.replace("/run/secrets/", "")).sort(), items.map(({ path }) => path).sort());
  const page = fragmentsOf(readText("docs/kubernetes.md"), "sh").join("\n").replaceAll(/\\\n\s*/g, "");
  const [, made] = new RegExp(`create secret generic ${secretName}((?:\\s+--from-file=\\S+)+)`).exec(page)!;
  assertEquals([...made.matchAll(/=(\S+)/g)].map(([, key]) => key).sort(), items.map(({ key }) => key).sort());
});

Deno.test("proof.yaml's policies let it reach what it is given, Weir's pods, too, and nobody into its own", () => {
  type Rule = { readonly from?: unknown; readonly to?: unknown; readonly ports: readonly { readonly port: number }[] };
  type Policy = Manifest<{ readonly ingress?: readonly Rule[]; readonly egress?: readonly Rule[] }>;
  const [into, own] = readManifests(FOLDER).filter(({ kind }) => kind === "NetworkPolicy") as Policy[];
  assertEquals(own.spec.ingress, undefined);
  const ports = own.spec.egress!.flatMap((rule) => rule.ports.map(({ port }) => String(port)));
  const needed = allowedOf("net").map((address) => address.split(":")[1]);
  assertEquals([...ports].sort(), [...needed, "53", "53"].sort());
  const from = [{ podSelector: { matchLabels: spec.template.metadata.labels } }];
  assertEquals(into.spec.ingress!.map((rule) => [rule.from, rule.ports[0].port]), [[from, 8686]]);
  assertEquals(readManifests(FOLDER)[0].metadata.name, new URL(container.args.at(-1)!).hostname);
});
