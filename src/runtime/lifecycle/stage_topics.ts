import { compile } from "../../plan/compile.ts";
import type { Topology } from "../../dsl/topology.ts";
import type { Log, TopicDescription } from "../../ports/log.ts";
import { ConfigError } from "../../record/errors.ts";
import type { RunOptions } from "../options.ts";
import { raiseLimits } from "./raise_limits.ts";

/** Topics of a topology's stages, by name. */
export interface StageTopics {
  /** In which events are written anew by group. */
  readonly repartitions: ReadonlyMap<string, TopicDescription>;
  /** Of what stages keep. */
  readonly changelogs: ReadonlyMap<string, TopicDescription>;
}

/**
 * Makes the topics of a topology's stages: what they keep can be rebuilt from nothing else, so neither is ever deleted
 * by age. They have as many partitions as the widest of the topics that are read, when they are made; from then on the
 * number stays, as keys would be elsewhere.
 * @throws ConfigError for topics that cannot be used as they are
 */
export async function makeStageTopics(
  { topology, log, options }: { readonly topology: Topology; readonly log: Log; readonly options: RunOptions },
  events: ReadonlyMap<string, TopicDescription>,
): Promise<StageTopics> {
  const { stages } = compile(topology);
  const repartitions = new Map<string, TopicDescription>();
  const changelogs = new Map<string, TopicDescription>();
  const widest = Math.max(1, ...[...events.values()].map(({ partitions }) => partitions));
  for (const { repartition, changelog, node } of stages) {
    const known = await log.topics([repartition, changelog]);
    // Changes of a table must be told in the partition where their group is.
    const input = node.op === "suppress" ? stages.find((stage) => stage.node.id === node.inputs[0]) : undefined;
    const declared = node.op === "repartition" ? node.partitions : null;
    const partitions = input === undefined
      ? (known.get(changelog) ?? known.get(repartition))?.partitions ?? declared ?? widest
      : changelogs.get(input.changelog)!.partitions;
    if (declared !== null && declared !== partitions) throw new ConfigError([otherCount(node.name, partitions)]);
    const settings = { partitions, retentionMs: -1, messageBytesMax: options.messageBytesMax };
    await log.createTopic({ name: changelog, cleanup: "compact", ...settings });
    await log.createTopic({ name: repartition, cleanup: "delete", ...settings });
    const made = await log.topics([repartition, changelog]);
    const problems = [changelog, repartition].flatMap((name) => problemOf(made.get(name)!, partitions));
    if (problems.length > 0) throw new ConfigError(problems);
    await raiseLimits(made.values(), { log, ...options });
    repartitions.set(repartition, made.get(repartition)!);
    changelogs.set(changelog, made.get(changelog)!);
  }
  return { repartitions, changelogs };
}

function otherCount(name: string, partitions: number): string {
  return `Cannot divide "${name}" anew: its topics have ${partitions} partitions, and keys would be elsewhere. ` +
    `Declare repartition("${name}", { partitions: ${partitions} }), or give it another name: it begins anew, with ` +
    "topics of its own";
}

function problemOf(
  { name, partitions: current, deletes, retentionMs }: TopicDescription,
  partitions: number,
): string[] {
  const isChangelog = name.endsWith(".changelog");
  const problems: string[] = [];
  if (current !== partitions) {
    problems.push(
      `Cannot use "${name}" with ${current} partitions: the aggregate's other topic has ${partitions}, so groups ` +
        "would be looked for elsewhere. Give the aggregate another name: it begins anew, with topics of its own",
    );
  }
  if (deletes && (isChangelog || retentionMs !== -1)) {
    const wanted = isChangelog ? "cleanup.policy=compact" : "retention.ms=-1 and retention.bytes=-1";
    problems.push(
      `Cannot use "${name}": records are deleted by age or size, and what they hold is nowhere else. ` +
        `Set ${wanted} on it`,
    );
  }
  return problems;
}
