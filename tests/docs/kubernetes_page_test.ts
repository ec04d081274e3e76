import { assert, assertEquals } from "@std/assert";
import { VARIABLE_NAMES } from "../../src/cli/config/environment_schema.ts";
import { allowed, hasProgram, projectPath, readText } from "../compose/compose_files.ts";
import { parseDockerfile, textsOf } from "../compose/dockerfile.ts";
import { type Deployment, documentsOf, fragmentsOf, manifestFiles, only, patched, problemsOf } from "./kubernetes.ts";

const PAGE = "docs/kubernetes.md";
const page = readText(PAGE);
const deployment = only<Deployment>("Deployment");
const pod = deployment.spec.template.spec;
const shell = fragmentsOf(page, "sh");
/** All commands, continued lines joined. */
const commands = shell.join("\n").replaceAll(/\\\n\s*/g, "");
const fragments = fragmentsOf(page, "yaml").flatMap(documentsOf) as Record<string, unknown>[];

Deno.test("docs/kubernetes.md shows every manifest, and pages lead to it", () => {
  for (const file of manifestFiles()) assert(page.includes(`](${file.replace("docs/", "")})`), file);
  for (const from of ["README.md", "docs/operations.md"]) assert(readText(from).includes("kubernetes.md"), from);
});

Deno.test("docs/kubernetes.md names files, tasks and variables that exist", () => {
  // Files of the user's own are examples.
  const examples = ["topologies/reviews.ts"];
  for (const [path] of page.matchAll(/\b(?:compose|docs|grafana|tests|tools|topologies)\/[\w./-]*\w/g)) {
    if (!examples.includes(path)) Deno.statSync(projectPath(path));
  }
  const { tasks } = JSON.parse(readText("deno.json"));
  for (const [, task] of page.matchAll(/deno task ([a-z:]+)/g)) assert(task in tasks, task);
  for (const [name] of page.matchAll(/\b(?:WEIR|KAFKA|CLICKHOUSE)_[A-Z_]*[A-Z]\b/g)) {
    assert(VARIABLE_NAMES.includes(name), name);
  }
});

Deno.test("docs/kubernetes.md makes the Secret that weir.yaml mounts", () => {
  const { secretName, items } = pod.volumes.find(({ secret }) => secret !== undefined)!.secret!;
  const creations = [...commands.matchAll(/kubectl create secret generic (\S+)((?:\s+--from-file=\S+)+)/g)];
  assertEquals(creations.length, 3);
  for (const [, name, files] of creations.filter(([, name]) => name !== "weir-proof")) {
    assertEquals(name, secretName);
    assertEquals(
      [...files.matchAll(/--from-file=(\S+)/g)].map(([, key]) => key).sort(),
      items.map(({ key }) => key).sort(),
    );
  }
});

Deno.test("docs/kubernetes.md builds and names what weir.yaml runs", () => {
  const images = [...page.matchAll(/registry\.example\/[\w:.-]+/g)].map(([image]) => image);
  assertEquals([...new Set(images)], [pod.containers[0].image]);
  for (const [, name] of page.matchAll(/deployment\/(\w+)/g)) assertEquals(name, deployment.metadata.name);
  const labels = Object.entries(deployment.spec.template.metadata.labels).map(([key, value]) => `${key}=${value}`);
  for (const [, selector] of page.matchAll(/--selector (\S+?)[`\s]/g)) assertEquals([selector], labels);
});

Deno.test("docs/kubernetes.md runs programs in the container with flags that the image has itself", () => {
  const [image] = parseDockerfile(readText("compose/Dockerfile")).slice(-1);
  const entrypoint: string[] = JSON.parse(textsOf(image, "ENTRYPOINT")[0]);
  const runs = [...commands.matchAll(/kubectl exec .* -- (\/bin\/deno run .*)/g)];
  assertEquals(runs.length, 1);
  const words = runs[0][1].replaceAll("'", "").split(/\s+/);
  const at = words.indexOf(entrypoint.at(-1)!);
  for (const word of words.slice(0, at)) assert(entrypoint.includes(word), word);
  assertEquals(words.slice(at), ["src/main.ts", "dlq"]);
});

Deno.test("docs/kubernetes.md's YAML goes with weir.yaml", async (t) => {
  const kinds = fragments.map(({ kind }) => kind);
  assertEquals(kinds, [undefined, "StatefulSet", undefined, "PodMonitor", undefined]);
  const [rolling, stateful, topologies, monitor, told] = fragments;
  const problems = (patch: unknown, before: unknown = deployment) =>
    problemsOf(patched(before, patch) as Record<string, unknown>);
  await t.step("the rolling update", () => assertEquals(problems(rolling), []));
  await t.step("the variables by which a service tells what it has compared", () => {
    assertEquals(problems(told), []);
    const { containers } = (patched(deployment, told) as Deployment).spec.template.spec;
    const added = containers[0].env.slice(pod.containers[0].env.length);
    for (const { name } of added) assert(VARIABLE_NAMES.includes(name), name);
    assertEquals(added.map(({ name }) => name), ["WEIR_PROOF", "WEIR_STORE_PASSWORD"]);
  });
  await t.step("the topologies, which are where the image has its own", () => {
    assertEquals(problems(topologies), []);
    const merged = patched(deployment, topologies) as Deployment;
    const { containers, volumes } = merged.spec.template.spec;
    const { volumeMounts } = containers[0];
    assertEquals(volumeMounts.length, pod.containers[0].volumeMounts.length + 1);
    assert(
      textsOf(parseDockerfile(readText("compose/Dockerfile")).at(-1)!, "ENV").join(" ")
        .includes(`WEIR_TOPOLOGIES=${volumeMounts.at(-1)!.mountPath}`),
    );
    const [, name, files] = /create configmap (\S+)((?:\s+--from-file=\S+)+)/.exec(commands)!;
    const { configMap } = volumes.at(-1)!;
    assertEquals([volumes.at(-1)!.name, configMap!.name], [volumeMounts.at(-1)!.name, name]);
    assertEquals(
      configMap!.items.map(({ key, path }) => `${key}=topologies/${path}`),
      [...files.matchAll(/--from-file=(\S+)/g)].map(([, file]) => file),
    );
  });
  await t.step("the StatefulSet, whose claims are the volume that is mounted", () => {
    const gone = { spec: { strategy: null, progressDeadlineSeconds: null } };
    const volumes = pod.volumes.filter(({ name }) => name !== "data");
    const before = {
      ...deployment,
      spec: { ...deployment.spec, template: { ...deployment.spec.template, spec: { ...pod, volumes } } },
    };
    assertEquals(problems(stateful, patched(before, gone)), []);
    const { volumeClaimTemplates } = stateful.spec as { volumeClaimTemplates: { metadata: { name: string } }[] };
    assertEquals(volumeClaimTemplates.map(({ metadata }) => metadata.name), ["data"]);
    // What stays of the Deployment would be refused.
    assert(problems(stateful, before).length >= 2);
  });
  await t.step("the PodMonitor, under the job that the alerts ask for", () => {
    const { selector, jobLabel, podMetricsEndpoints } = monitor.spec as {
      selector: { matchLabels: Record<string, string> };
      jobLabel: string;
      podMetricsEndpoints: { port: string }[];
    };
    const { labels } = deployment.spec.template.metadata;
    assertEquals(selector.matchLabels, labels);
    assert(readText("compose/prometheus/rules/alerts.yml").includes(`job="${labels[jobLabel]}"`));
    assertEquals(podMetricsEndpoints[0].port, pod.containers[0].ports[0].name);
  });
});

Deno.test({
  name: `docs/kubernetes.md's commands are what a shell understands${
    allowed && hasProgram("sh") ? "" : " (needs -A and sh)"
  }`,
  ignore: !allowed || !hasProgram("sh"),
  async fn() {
    const understood = async (script: string) =>
      (await new Deno.Command("sh", { args: ["-n", "-c", script], stdin: "null", stderr: "null" }).output()).success;
    assertEquals(await understood("for pod in a; do"), false);
    assert(shell.length >= 6);
    for (const script of shell) assert(await understood(script), script);
  },
});
