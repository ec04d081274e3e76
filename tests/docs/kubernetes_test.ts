import { assert, assertEquals } from "@std/assert";
import { VARIABLE_NAMES } from "../../src/cli/config/environment_schema.ts";
import { ENDING_MS_MAX } from "../../src/cli/start/application.ts";
import { type RouteOptions, routesOf } from "../../src/cli/start/routes.ts";
import { readText } from "../compose/compose_files.ts";
import { parseDockerfile, textsOf } from "../compose/dockerfile.ts";
import {
  bytesOf,
  type Deployment,
  documentsOf,
  type Labels,
  type Manifest,
  only,
  patched,
  problemsOf,
  readManifests,
} from "./kubernetes.ts";

const image = parseDockerfile(readText("compose/Dockerfile")).at(-1)!;
const deployment = only<Deployment>("Deployment");
const { template } = deployment.spec;
const pod = template.spec;
const [container] = pod.containers;
const environment = Object.fromEntries(container.env.map(({ name, value }) => [name, value]));
const addresses = container.command.flatMap((word) => /^--allow-net=(.*)$/.exec(word)?.[1].split(",") ?? []);
const listens = `${environment.WEIR_HOST}:${container.ports[0].containerPort}`;

interface Selector {
  readonly matchLabels: Labels;
}

type DisruptionBudget = Manifest<{ readonly selector: Selector }>;
type NetworkPolicy = Manifest<{
  readonly podSelector: Selector;
  readonly policyTypes: readonly string[];
  readonly ingress: readonly Rule[];
  readonly egress: readonly Rule[];
}>;

interface Rule {
  readonly from?: readonly Peer[];
  readonly to?: readonly Peer[];
  readonly ports: readonly { readonly protocol: string; readonly port: number }[];
}

interface Peer {
  readonly namespaceSelector: Selector;
}

Deno.test("docs/kubernetes agrees with Kubernetes' own schema", () => {
  const manifests = readManifests();
  assertEquals(manifests.map(({ kind }) => kind).sort(), [
    "Deployment",
    "NetworkPolicy",
    "PodDisruptionBudget",
    "ServiceAccount",
  ]);
  for (const manifest of manifests) {
    assertEquals(problemsOf({ ...manifest }), [], manifest.kind);
    assertEquals(manifest.metadata.name, "weir", manifest.kind);
  }
});

Deno.test("problemsOf() finds what a manifest must not be", async (t) => {
  const broken = (patch: unknown) => problemsOf(patched(deployment, patch) as Record<string, unknown>);
  const inContainer = (fields: unknown) => ({
    spec: { template: { spec: { containers: [{ name: "weir", ...fields as object }] } } },
  });
  const [at, inside] = ["/spec/template/spec/containers/0", "must NOT have additional properties"];
  const cases: [string, unknown, string][] = [
    ["a misspelt field", inContainer({ readinesProbe: { periodSeconds: 1 } }), `${at} ${inside} readinesProbe`],
    [
      "a misspelt field deeper",
      inContainer({ readinessProbe: { httpGet: { pth: "/" } } }),
      `${at}/readinessProbe/httpGet ${inside} pth`,
    ],
    ["a misspelt field at the top", { specs: {} }, ` ${inside} specs`],
    ["a number as text", { spec: { replicas: "2" } }, "/spec/replicas must be integer"],
    ["a text for a list", inContainer({ args: "start" }), `${at}/args must be array`],
    ["a missing field", { spec: { selector: null } }, "/spec must have required property 'selector'"],
    ["another version", { apiVersion: "apps/v1beta1" }, "there is no schema of Deployment apps/v1beta1"],
    ["an unknown kind", { kind: "Deploymnet" }, "there is no schema of Deploymnet apps/v1"],
  ];
  assertEquals(broken({}), []);
  for (const [name, patch, problem] of cases) {
    await t.step(name, () => assert(broken(patch).includes(problem), broken(patch).join("\n")));
  }
  await t.step("a field left empty", () => {
    const empty = { ...deployment, spec: { ...deployment.spec, replicas: null } };
    assertEquals(problemsOf(empty), ["/spec/replicas must be integer"]);
  });
  await t.step("a port may be a number or a name, and nothing else", () => {
    const probe = (port: unknown) => broken(inContainer({ livenessProbe: { httpGet: { port } } }));
    assertEquals([probe(8686), probe("http")], [[], []]);
    assert(probe(true).length > 0);
  });
});

Deno.test("documentsOf() refuses what YAML 1.1 and 1.2 read differently, and a field given twice", async (t) => {
  for (const text of ["mode: 0440", "host: on", "a: 1\na: 2", "a: [1"]) {
    await t.step(text, () => {
      let refused = false;
      try {
        documentsOf(text);
      } catch {
        refused = true;
      }
      assert(refused);
    });
  }
});

Deno.test("weir.yaml starts the image's own command, with other addresses", () => {
  const without = (command: readonly string[]) => command.filter((word) => !word.startsWith("--allow-net"));
  assertEquals(without(container.command), without(JSON.parse(textsOf(image, "ENTRYPOINT")[0])));
  assertEquals(container.args, JSON.parse(textsOf(image, "CMD")[0]));
  assertEquals(pod.containers.length, 1);
});

Deno.test("weir.yaml sets variables that Weir has, and lets it read them", () => {
  const list = container.command.find((word) => word.startsWith("--allow-env="))!.split("=")[1].split(",");
  for (const name of Object.keys(environment)) {
    if (name === "DENO_V8_FLAGS") continue; // Deno's own
    assert(VARIABLE_NAMES.includes(name), `${name} is no variable of Weir`);
    assert(list.some((entry) => entry === name || name.startsWith(entry.replace("*", ""))), name);
  }
  assertEquals(Object.keys(environment).length, container.env.length, "a variable is there twice");
  // Services of the namespace would set WEIR_PORT and others.
  assertEquals(pod.enableServiceLinks, false);
});

Deno.test("weir.yaml lets Weir reach every address that it is given, and no other", () => {
  const clickhouse = new URL(environment.CLICKHOUSE_URL);
  assert(/:\d+$/.test(clickhouse.host), "the port must be written, as --allow-net needs it");
  assertEquals([...addresses].sort(), [listens, ...environment.KAFKA_BROKERS.split(","), clickhouse.host].sort());
});

Deno.test("network_policy.yaml lets through what weir.yaml needs", () => {
  const policy = only<NetworkPolicy>("NetworkPolicy").spec;
  assertEquals(policy.policyTypes, ["Ingress", "Egress"]);
  const ways = policy.egress.flatMap(({ to, ports }) =>
    to!.flatMap(({ namespaceSelector }) =>
      ports.map(({ protocol, port }) =>
        `${namespaceSelector.matchLabels["kubernetes.io/metadata.name"]} ${protocol} ${port}`
      )
    )
  );
  const needed = addresses.filter((address) => address !== listens).map((address) => {
    const [, namespace, port] = /^(?:[\w-]+\.)+([\w-]+)\.svc:(\d+)$/.exec(address)!;
    return `${namespace} TCP ${port}`;
  });
  assertEquals(ways.sort(), [...new Set(needed), "kube-system UDP 53", "kube-system TCP 53"].sort());
  assertEquals(policy.ingress.flatMap(({ ports }) => ports), [{
    protocol: "TCP",
    port: container.ports[0].containerPort,
  }]);
});

Deno.test("weir.yaml mounts every file that the environment names, and /data where the image writes", () => {
  const mounted = (path: string) => {
    const mount = container.volumeMounts.find(({ mountPath }) => mountPath === path)!;
    return { mount, volume: pod.volumes.find(({ name }) => name === mount.name)! };
  };
  const { mount, volume } = mounted("/run/secrets");
  assertEquals([mount.readOnly, volume.secret!.defaultMode], [true, 0o440]);
  const files = Object.entries(environment).filter(([name]) => name.endsWith("_FILE")).map(([, path]) => path);
  assertEquals(volume.secret!.items.map(({ path }) => `/run/secrets/${path}`).sort(), files.sort());
  for (const { key, path } of volume.secret!.items) assertEquals(key, path);
  for (const name of Object.keys(environment)) assert(!/(PASSWORD|_CA)$/.test(name), `${name} belongs into a file`);

  const [, data] = /WEIR_DATA=(\S+)/.exec(textsOf(image, "ENV").join(" "))!;
  assert(mounted(data).volume.emptyDir !== undefined && mounted(data).mount.readOnly === undefined);
  assertEquals(container.volumeMounts.length, pod.volumes.length);
});

Deno.test("weir.yaml probes what Weir answers", () => {
  const routes = Object.keys(routesOf({ watched: {} } as RouteOptions));
  const { startupProbe, livenessProbe, readinessProbe } = container;
  const probes = [startupProbe, livenessProbe, readinessProbe];
  assertEquals(probes.map(({ httpGet }) => httpGet.path), ["/livez", "/livez", "/readyz"]);
  const { annotations } = template.metadata;
  for (const path of [...probes.map(({ httpGet }) => httpGet.path), annotations["prometheus.io/path"]]) {
    assert(routes.includes(`GET ${path}`), path);
  }
  for (const { httpGet } of probes) assertEquals(httpGet.port, container.ports[0].name);
  assertEquals(Number(annotations["prometheus.io/port"]), container.ports[0].containerPort);
  assertEquals(textsOf(image, "EXPOSE"), [String(container.ports[0].containerPort)]);
  assert(startupProbe.periodSeconds * startupProbe.failureThreshold >= 60);
});

Deno.test("weir.yaml gives the pod no right that it does not need", () => {
  const [user] = textsOf(image, "USER")[0].split(":").map(Number);
  assertEquals(pod.securityContext, {
    runAsNonRoot: true,
    runAsUser: user,
    runAsGroup: user,
    fsGroup: user,
    seccompProfile: { type: "RuntimeDefault" },
  });
  assertEquals(container.securityContext, {
    allowPrivilegeEscalation: false,
    readOnlyRootFilesystem: true,
    capabilities: { drop: ["ALL"] },
  });
  const account = only<Manifest & { automountServiceAccountToken: boolean }>("ServiceAccount");
  assertEquals([account.automountServiceAccountToken, pod.automountServiceAccountToken], [false, false]);
  assertEquals(pod.serviceAccountName, account.metadata.name);
});

Deno.test("all selectors of docs/kubernetes mean the Deployment's pods", () => {
  const selectors = [
    deployment.spec.selector,
    only<DisruptionBudget>("PodDisruptionBudget").spec.selector,
    only<NetworkPolicy>("NetworkPolicy").spec.podSelector,
    ...pod.topologySpreadConstraints.map(({ labelSelector }) => labelSelector),
  ];
  for (const { matchLabels } of selectors) assertEquals(matchLabels, template.metadata.labels);
});

Deno.test("weir.yaml leaves time and room", async (t) => {
  await t.step("the heap stays a fifth below the memory limit, and what is allowed is reserved", () => {
    const [, heapMebibytes] = /^--max-old-space-size=(\d+)$/.exec(environment.DENO_V8_FLAGS)!;
    const { requests, limits } = container.resources;
    assert(Number(heapMebibytes) * 2 ** 20 <= bytesOf(limits.memory) * 0.8);
    assertEquals(requests.memory, limits.memory);
    assertEquals(limits.cpu, undefined);
  });
  await t.step("it may end by itself before it is killed", () => {
    assert(pod.terminationGracePeriodSeconds * 1000 >= 2 * ENDING_MS_MAX);
  });
  await t.step("every instance has something to do", () => {
    const topics: { partitions: number }[] = JSON.parse(readText("compose/kafka/topics.json"));
    assert(deployment.spec.replicas <= Math.min(...topics.map(({ partitions }) => partitions)));
  });
  await t.step("no instance of one generation or sort of topologies runs beside one of another", () => {
    assertEquals(deployment.spec.strategy, { type: "Recreate" });
  });
});
