import type { InspectedTopic, KafkaInspector, KafkaRelease } from "../../adapters/kafka/inspect_kafka.ts";
import { compile } from "../../plan/compile.ts";
import type { Log, TopicDescription } from "../../ports/log.ts";
import { TopologyError } from "../../record/errors.ts";
import type { RunOptions } from "../../runtime/options.ts";
import { inboxProblem, rebuildProblem } from "../../runtime/topic_problems.ts";
import { counted } from "../numbers.ts";
import { type Finding, Findings, reasonOf, type Repair, shell } from "./finding.ts";
import type { Needs } from "./needs.ts";

const DAY_MS = 86_400_000;

/** What is looked at. */
export interface KafkaLook {
  readonly log: Log;
  readonly inspector: KafkaInspector;
  readonly needs: Needs;
  readonly run: RunOptions;
  readonly brokers: string;
  /** Who this client logs in as; null if it does not. */
  readonly user: string | null;
}

/** Looks at brokers and topics; reads no record. */
export async function checkKafka(asked: KafkaLook): Promise<readonly Finding[]> {
  const findings = new Findings("kafka");
  const look = { ...asked, findings };
  const { inspector, needs, brokers } = look;
  try {
    const { count, release } = await inspector.brokers();
    findings.ok(["reachable", brokers], counted(count, "broker"));
    checkRelease(look, release);
    const names = [...needs.tables.keys(), ...needs.events];
    const { topics, refused } = await inspector.topics([...names, ...needs.inboxes]);
    for (const name of names) {
      const topic = topics.get(name);
      if (topic !== undefined) {
        checkTopic(look, topic);
        checkReplicas({ ...look, count }, topic);
      } else if (refused.has(name)) {
        denied(look, { topic: name, operation: "Describe", reason: refused.get(name)! });
      } else {
        findings.wrong(["topic", name], {
          text: needs.tables.has(name)
            ? "it does not exist: Debezium creates it with its first record. Compare table.include.list"
            : "it does not exist: whoever writes these events makes it",
        });
      }
    }
    await checkInternal(look);
    checkPartitions(findings, { needs, topics });
  } catch (error) {
    findings.wrong(["reachable", brokers], { text: reasonOf(error) });
  }
  return findings.found;
}

/** And what was found. */
interface Looking extends KafkaLook {
  readonly findings: Findings;
}

/** Tables need Kafka 2.4; the progress of streams is kept since 2.5. */
function checkRelease({ findings, needs, brokers }: Looking, release: KafkaRelease | null): void {
  const streams = needs.topologies.filter(({ streams }) => streams.length > 0).map(({ name }) => name);
  const least = streams.length > 0 ? "2.5" : "2.4";
  if (release === "2.5" || release === least) return findings.ok(["version", brokers], `${release} or later`);
  const why = streams.length > 0 ? `, which streams need (${streams.join(", ")})` : "";
  findings.wrong(["version", brokers], { text: `the brokers are older than Kafka ${least}${why}: update them` });
}

interface Denied {
  readonly topic: string;
  readonly operation: string;
  readonly reason: string;
}

function denied({ findings, brokers, user }: Looking, { topic, operation, reason }: Denied): void {
  findings.wrong(["rights", topic], {
    text: `${user === null ? "this client" : `"${user}"`} may not ${operation}: ${reason}`,
    repair: shell(
      `kafka-acls --bootstrap-server ${brokers} --add --allow-principal User:${user ?? "ANONYMOUS"} ` +
        `--operation Read --operation Describe --operation DescribeConfigs --topic ${topic}`,
    ),
  });
}

function checkTopic(look: Looking, topic: InspectedTopic): void {
  const { name, partitions, operations, config } = topic;
  const { findings, needs, run } = look;
  findings.ok(["topic", name], counted(partitions, "partition"));
  if (operations === null) findings.notChecked(["rights", name], "the brokers do not tell rights");
  else {
    const missing = ["Read", "DescribeConfigs"].find((operation) => !operations.has(operation));
    if (missing === undefined) findings.ok(["rights", name], "Read, DescribeConfigs");
    else denied(look, { topic: name, operation: missing, reason: "no rule allows it" });
  }
  if (!needs.tables.has(name)) return;
  if (!config.has("cleanup.policy")) {
    findings.notChecked(["cleanup_policy", name], "its settings may not be read from here (DescribeConfigs)");
    return;
  }
  const policies = config.get("cleanup.policy")!.split(",");
  const described = {
    name,
    partitions,
    deletes: policies.includes("delete"),
    retentionMs: Number(config.get("retention.bytes") ?? -1) >= 0 ? 0 : Number(config.get("retention.ms") ?? -1),
  };
  const [problem] = rebuildProblem(described as TopicDescription);
  const policy = policies.join(",");
  if (problem === undefined) findings.ok(["cleanup_policy", name], policy);
  else {
    const said = {
      text: `it is ${policy}: ${problem}`,
      repair: configured(look, { topic: name, setting: "cleanup.policy=compact" }),
    };
    if (run.allowRetention) findings.warn(["cleanup_policy", name], said);
    else findings.wrong(["cleanup_policy", name], said);
  }
  const tombstonesMs = Number(config.get("delete.retention.ms"));
  if (!policies.includes("compact")) return;
  if (tombstonesMs >= DAY_MS) {
    return findings.ok(["tombstones", name], `kept for ${Math.round(tombstonesMs / DAY_MS)} days`);
  }
  findings.warn(["tombstones", name], {
    text:
      `deletes are forgotten after ${Math.round(tombstonesMs / 60_000)} minutes: whoever was away for longer misses ` +
      "them, and starts without its snapshot",
    repair: configured(look, { topic: name, setting: `delete.retention.ms=${7 * DAY_MS}` }),
  });
}

function checkReplicas(look: Looking & { readonly count: number }, topic: InspectedTopic): void {
  const { findings } = look;
  const { name, replicas, inSync, config } = topic;
  const least = Number(config.get("min.insync.replicas") ?? 1);
  if (least > replicas) {
    findings.wrong(["replicas", name], {
      text: `min.insync.replicas is ${least}, and it has ${replicas}: nobody can write to it with acks=all`,
      repair: configured(look, {
        topic: name,
        setting: `min.insync.replicas=${Math.max(1, Math.floor(replicas / 2) + (replicas > 2 ? 1 : 0))}`,
      }),
    });
  } else if (inSync < replicas) {
    findings.warn(["replicas", name], { text: `${inSync} of ${replicas} replicas are in sync: look at the brokers` });
  } else if (replicas === 1 && look.count > 1) {
    findings.warn(["replicas", name], {
      text: "it has one replica: its records are lost with that broker. Give it more with kafka-reassign-partitions",
    });
  } else findings.ok(["replicas", name], `${replicas} in sync, min.insync.replicas ${least}`);
}

/** `kafka-configs` with one setting. */
function configured(
  { brokers }: KafkaLook,
  { topic, setting }: { readonly topic: string; readonly setting: string },
): Repair {
  return shell(
    `kafka-configs --bootstrap-server ${brokers} --alter --entity-type topics --entity-name ${topic} ` +
      `--add-config ${setting}`,
  );
}

/** Topics of Weir's own, as far as they are there: a start makes those that are missing. */
async function checkInternal(look: Looking): Promise<void> {
  const { findings, log, needs, run } = look;
  const found = await log.topics(needs.inboxes);
  for (const topic of found.values()) {
    const problems = inboxProblem(topic, topic.partitions, run);
    if (problems.length === 0) findings.ok(["inbox", topic.name]);
    else {
      const setting = `cleanup.policy=delete,retention.ms=${run.inboxRetentionMs}`;
      findings.wrong(["inbox", topic.name], {
        text: problems.join("; "),
        repair: configured(look, { topic: topic.name, setting: setting }),
      });
    }
    if (topic.messageBytesMax < run.messageBytesMax) {
      findings.warn(["message_size", topic.name], {
        text: `it takes ${topic.messageBytesMax} bytes, less than WEIR_MESSAGE_BYTES_MAX=${run.messageBytesMax}: ` +
          "a start raises it",
        repair: configured(look, { topic: topic.name, setting: `max.message.bytes=${run.messageBytesMax}` }),
      });
    }
  }
}

/** Whether topics that are joined by partition have equally many. */
function checkPartitions(
  findings: Findings,
  { needs, topics }: { readonly needs: Needs; readonly topics: ReadonlyMap<string, InspectedTopic> },
): void {
  for (const topology of needs.topologies) {
    try {
      compile(topology, (topic) => topics.get(topic)?.partitions);
      findings.ok(["partitions", topology.name], "its topics can be joined");
    } catch (error) {
      if (!(error instanceof TopologyError)) throw error;
      findings.wrong(["partitions", topology.name], { text: error.problems.join("; ") });
    }
  }
}
