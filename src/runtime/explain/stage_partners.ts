import { masksOf } from "../../plan/masks.ts";
import type { StagePlan, StreamPlan } from "../../plan/physical.ts";
import type { LogRecord } from "../../ports/log.ts";
import { type LookedJoin, valueDigest } from "../../processor/stateful/sought_event.ts";
import { ProductionError } from "../../record/errors.ts";
import type { Key } from "../../record/key.ts";
import type { Instance } from "../lifecycle/instance.ts";
import { asRow, eventKeyRow } from "./event_steps.ts";
import { EventTracer, type StagePass } from "./event_tracer.ts";
import type { ExplainedPartner } from "./explanation.ts";
import { searchNewest } from "./newest_record.ts";

/** An event of a join of streams, and what its stage keeps of it. */
export interface JoinedPass {
  readonly key: Key;
  readonly input: number;
  readonly looked: LookedJoin;
}

/** Records of the other side that have an event's key and a time near its own. */
export interface FoundPartners {
  /** By time, then by place. */
  readonly near: readonly NearEvent[];
  /** All that the topics of the other side have was looked through, and none of them has lost records. */
  readonly isWhole: boolean;
}

interface NearEvent {
  readonly partner: Omit<ExplainedPartner, "isSure">;
  readonly digest: number;
}

/** Events of one record that are near enough, at most. */
const NEAR_MAX = 1_000;

/**
 * Looks in the topics of the other side for the records of partners: what a join keeps of an event does not name its
 * record. From the ends backwards, as long as there is time. Never throws what the log does.
 */
export async function findPartners(
  instance: Instance,
  { stage, pass, deadlineMs }: {
    readonly stage: StagePlan;
    readonly pass: JoinedPass;
    readonly deadlineMs: number;
  },
): Promise<FoundPartners> {
  const { ports, topics: { plan, streams } } = instance;
  const isFeed = ({ shuffles }: Pick<StreamPlan, "shuffles">) =>
    shuffles.some((one) => one.stage === stage.index && one.input !== pass.input);
  const near: NearEvent[] = [];
  // What comes out of another stage has no records that could be read again.
  let isWhole = !plan.stages.some(isFeed);
  for (const feed of plan.streams.filter(isFeed)) {
    const { topic } = feed.source;
    const tracer = new EventTracer(instance, feed);
    isWhole &&= feed.source.from !== "latest" && feed.lookups.length === 0 && !(streams.get(topic)?.compacted ?? false);
    try {
      const { start, end } = await ports.log.offsets(topic);
      isWhole &&= start.every((offset) => offset === 0);
      for (const [partition, before] of end.entries()) {
        const look = (record: LogRecord) => {
          if (near.length < NEAR_MAX) {
            near.push(...nearEvents(instance, { stage, pass, feed, tracer, record, partition }));
          }
          return false;
        };
        const found = await searchNewest(ports, { topic, partition, before, isWanted: look, deadlineMs });
        isWhole &&= found === "none" && near.length < NEAR_MAX;
      }
    } catch (error) {
      if (!(error instanceof ProductionError)) throw error;
      isWhole = false;
    }
  }
  near.sort(({ partner: a }, { partner: b }) =>
    a.timeUs - b.timeUs || (a.topic < b.topic ? -1 : a.topic > b.topic ? 1 : 0) || a.partition - b.partition ||
    a.offset - b.offset
  );
  return { near, isWhole };
}

/** What of a record comes to the other side of the join. */
function nearEvents(
  instance: Instance,
  { stage, pass, feed, tracer, record, partition }: {
    readonly stage: StagePlan;
    readonly pass: JoinedPass;
    readonly feed: StreamPlan;
    readonly tracer: EventTracer;
    readonly record: LogRecord;
    readonly partition: number;
  },
): NearEvent[] {
  const { firstUs, lastUs } = pass.looked;
  const trace = tracer.trace(record, partition);
  const { read } = trace;
  if (read.kind !== "event") return [];
  const isNear = ({ stage: into, input, event }: StagePass) =>
    into === stage && input !== pass.input && event?.key === pass.key && event.value !== null &&
    event.timestampUs >= firstUs && event.timestampUs <= lastUs;
  const masks = masksOf(instance.topology)?.streams ?? null;
  return trace.stages.filter(isNear).map(({ event }) => ({
    digest: valueDigest(event!.value),
    partner: {
      ...{ table: feed.source.name, topic: feed.source.topic, partition, offset: record.offset },
      timeUs: event!.timestampUs,
      key: eventKeyRow(read.key, masks?.[feed.nodes[0].id] ?? null),
      row: masks === null ? asRow(event!.value) : null,
    },
  }));
}

/** The records of those with which an event was joined. `unfound`: of how many there is none any more. */
export function partnersOf(
  { looked }: JoinedPass,
  { near }: FoundPartners,
): { readonly partners: readonly ExplainedPartner[]; readonly unfound: number } {
  const name = (timeUs: number, digest: number) => `${timeUs}/${digest}`;
  const records = Map.groupBy(near, ({ partner, digest }) => name(partner.timeUs, digest));
  const kept = Map.groupBy(looked.partners, ({ timestampUs, digest }) => name(timestampUs, digest));
  let unfound = 0;
  const partners = [...kept].flatMap(([one, { length }]) => {
    const found = records.get(one) ?? [];
    unfound += Math.max(0, length - found.length);
    return found.map(({ partner }): ExplainedPartner => ({ ...partner, isSure: found.length <= length }));
  });
  return { partners, unfound };
}
