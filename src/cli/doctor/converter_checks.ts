import type { ConnectorSettings } from "./connector_rules.ts";
import type { Findings } from "./finding.ts";
import type { Needs } from "./needs.ts";

/** Converters that write through a schema registry. */
const OF_REGISTRY = /(?:Avro|Protobuf|JsonSchema|ExtJson)Converter$/;

/** Whether sources declare what the connector's converters write, a schema registry's form or JSON. */
export function checkConverters(
  findings: Findings,
  { name, settings, needs }: {
    readonly name: string;
    readonly settings: ConnectorSettings;
    readonly needs: Needs;
  },
): void {
  const own = [...needs.captured].filter(([topic]) => topic.startsWith(`${settings["topic.prefix"]}.`));
  for (const part of ["key", "value"] as const) {
    const subject = `${name} ${part}.converter`;
    const converter = settings[`${part}.converter`];
    if (converter === undefined) {
      findings.notChecked(["converters", subject], "the worker's is used, which Connect does not tell");
      continue;
    }
    const written = OF_REGISTRY.test(converter);
    const declares = (registry: "all" | "values" | undefined) =>
      part === "key" ? registry === "all" : registry !== undefined;
    const wrong = own.filter(([, { registry }]) => declares(registry) !== written).map(([topic]) => topic);
    if (wrong.length === 0) {
      findings.ok(["converters", subject], converter);
      continue;
    }
    const what = part === "key" ? "keys" : "values";
    const declare = part === "key" ? 'registry: "all"' : 'registry: "all", or "values" if keys are JSON';
    findings.wrong(["converters", subject], {
      text: written
        ? `${what} are written through a schema registry, behind the schema's id, and sources do not declare it ` +
          `(${wrong.join(", ")}): declare ${declare}`
        : `sources declare ${what} of a schema registry (${
          wrong.join(", ")
        }), and ${converter} writes others: declare ` +
          `${part === "key" ? 'registry: "values", or none' : "none"}`,
    });
  }
}
