import { assert, assertEquals } from "@std/assert";
import { parse } from "yaml";
import { VARIABLE_NAMES } from "../../src/cli/config/environment_schema.ts";
import { rules } from "./expressions.ts";
import { isThere, textAt } from "./support.ts";

const DOCUMENT = textAt("docs/operations.md");

Deno.test("docs/operations.md explains every alert under its name, and no other", () => {
  const grafana: { groups: { rules: { title: string }[] }[] } = parse(
    textAt("grafana/provisioning/alerting/rules.yaml"),
  );
  const alerts = [
    ...rules().flatMap(({ alert }) => alert ?? []),
    ...grafana.groups.flatMap((group) => group.rules.map(({ title }) => title)),
  ];
  assertEquals([...DOCUMENT.matchAll(/^### (\w+)$/gm)].map(([, name]) => name).sort(), alerts.sort());
});

Deno.test("docs/operations.md names tasks, files, services, volumes and settings that exist", () => {
  const { tasks } = JSON.parse(textAt("deno.json"));
  for (const [, task] of DOCUMENT.matchAll(/deno task ([a-z:]+)/g)) assert(task in tasks, `There is no task "${task}"`);
  for (const [path] of DOCUMENT.matchAll(/\b(?:compose|grafana|tools|tests|topologies)\/[\w./-]+\w/g)) {
    // Made on the spot, and ignored by git.
    assert(path.startsWith("compose/secrets") || isThere(path), `There is no "${path}"`);
  }
  const compose = parse(textAt("compose/compose.yaml"), { merge: true });
  for (const [, words] of DOCUMENT.matchAll(/\bdc (?:stop|start|restart|ps|build|wait|rm -f)( [a-z -]+)/g)) {
    for (const service of words.trim().split(" ").filter((word) => !word.startsWith("-"))) {
      assert(service in compose.services, `There is no service "${service}"`);
    }
  }
  for (const [, volume] of DOCUMENT.matchAll(/online-store_(\w+)/g)) {
    assert(volume in compose.volumes, `There is no volume "${volume}"`);
  }
  for (const [name] of DOCUMENT.matchAll(/\bWEIR_[A-Z_]+\b/g)) {
    assert(VARIABLE_NAMES.includes(name), `There is no setting ${name}`);
  }
});
