import type { RecordMetadata } from "../dsl/events.ts";
import type { GroupSelector, StatefulNode, StreamNode } from "../dsl/stream_nodes.ts";
import type { EventFlow, LookupPlan, ShufflePlan } from "../plan/physical.ts";
import { ProcessorError } from "../record/errors.ts";
import type { RecordHeaders } from "../record/headers.ts";
import { keyOfColumns } from "../record/key.ts";
import type { Row } from "../record/row.ts";
import { eventCountsOf } from "./event_counts.ts";
import type { KeyedEvent, KeylessEvent } from "./stateful/stateful.ts";
import { type Event, keyShown, type Operator, operatorOf, type OperatorPorts, rowOf } from "./stream_operator.ts";

/** What runs behind an operator. */
type Next = (value: unknown, key: unknown, metadata: RecordMetadata) => void;

/** What a stream's program is wired to. */
export interface StreamPorts extends OperatorPorts {
  /** The event goes into an input of a stage. @throws TypeError for a value that no other task can be told */
  readonly shuffle: (plan: ShufflePlan, event: ShuffledEvent) => void;
  /** A callback threw, or returned what it must not: this event goes no further there. */
  readonly onError: (error: ProcessorError) => void;
  /**
   * Set where an event that has run is looked at again: it is told what each operator makes of it, before that goes on.
   * Nothing counts then, nobody's tap is given anything, and `peek` is not called.
   */
  readonly onPassed?: (passed: PassedEvent) => void;
}

/** What an operator made of an event. `given`: null where it failed, which {@link StreamPorts.onError} tells. */
export interface PassedEvent {
  readonly node: StreamNode;
  readonly key: unknown;
  readonly value: unknown;
  readonly given: readonly Event[] | null;
}

/** An event on its way into a stage; it may be in no group. `headers`: of the record that it was made of. */
export type ShuffledEvent = (KeyedEvent | (KeylessEvent & { readonly key: null; readonly columns: null })) & {
  readonly headers: RecordHeaders;
};

/** How events are put into the groups of a stage. */
export type GroupsOf = (plan: ShufflePlan) => {
  readonly node: StatefulNode;
  readonly groupBy: GroupSelector;
  /** Whether it takes events that are in no group. */
  readonly keyless: boolean;
  /** What it takes instead of a value, which may be null then; null: it takes values. */
  readonly change: ((row: Row | null, key: Row) => unknown) | null;
  /** Whether it takes events without a value. */
  readonly nulls: boolean;
  /** False: it does not look at values. Then none are given to it, as they are most of what an event is. */
  readonly needsValues: boolean;
};

/**
 * What happens with the events of one topic, or with what a stage forwards, operator by operator, each event through
 * all of them before the next one.
 * It keeps nothing of an event. Where a callback throws, the event ends there, and nowhere else.
 *
 * Law: what comes out is what each operator's docstring in `dsl/streams.ts` says, in the order of the operators' ids
 * where a stream is used several times.
 */
export function streamProgram(
  { nodes, lookups, shuffles, groupsOf }: Pick<EventFlow, "nodes" | "lookups" | "shuffles"> & {
    readonly groupsOf: GroupsOf;
  },
  ports: StreamPorts,
): Next {
  const made = new Map<number, Next>();
  // From the ends to the beginning: what runs behind an operator is there when it is made.
  for (const node of nodes.toReversed()) {
    const after = nodes.flatMap(({ id, inputs }) =>
      inputs.flatMap((input) => input === node.id ? [made.get(id)!] : [])
    );
    const into = shuffles.filter(({ from }) => from === node.id).map((plan) => shuffle(plan, groupsOf(plan), ports));
    made.set(node.id, operator(node, { next: inOrder([...after, ...into]), lookups, ports }));
  }
  return made.get(nodes[0].id)!;
}

function inOrder(all: readonly Next[]): Next {
  if (all.length === 1) return all[0];
  return (value, key, metadata) => {
    for (const next of all) next(value, key, metadata);
  };
}

function shuffle(
  plan: ShufflePlan,
  { node, groupBy, keyless, change, nulls, needsValues }: ReturnType<GroupsOf>,
  { shuffle, onSkipped, onError, repeats }: StreamPorts,
): Next {
  const counts = eventCountsOf(node);
  const inNone = (reason: "null_group" | "null_value") => {
    if (repeats?.() !== true) {
      counts.in++;
      counts.nullKeys++;
    }
    onSkipped(reason, node);
  };
  return (value, key, metadata) => {
    if (value === null && change === null && !nulls) return inNone("null_value");
    try {
      const columns = groupBy(value, key, metadata);
      const { timestampUs, headers } = metadata;
      if (columns === null) {
        return keyless ? shuffle(plan, { key: null, columns, value, timestampUs, headers }) : inNone("null_group");
      }
      if (Object.keys(rowOf(columns)).length === 0) {
        throw new TypeError("A group has no columns: return an object of at least one");
      }
      refuseUndefined(columns);
      const needed = needsValues ? value : null;
      const taken = change === null ? needed : change(value as Row | null, key as Row);
      shuffle(plan, { key: keyOfColumns(columns), columns, value: taken, timestampUs, headers });
    } catch (cause) {
      if (repeats?.() !== true) {
        counts.in++;
        counts.errors++;
      }
      onError(new ProcessorError(node.name, keyShown(key), { cause, row: value }));
    }
  };
}

/** Taken for null, all events would be in one group, without a word, for a column that is misspelt. */
function refuseUndefined(columns: Readonly<Record<string, unknown>>): void {
  for (const name in columns) {
    if (columns[name] !== undefined) continue;
    throw new TypeError(
      `Cannot group by "${name}": current value is undefined. Is it misspelt in what the callback reads? ` +
        "Return null for events that are in no group",
    );
  }
}

interface Surroundings {
  readonly next: Next;
  readonly lookups: readonly LookupPlan[];
  readonly ports: StreamPorts;
}

/** Operators that take their events from a topic of their own: all of them, says the compiler. */
const STATEFUL: Readonly<Record<StatefulNode["op"], true>> = {
  ...{ streamAggregate: true, suppress: true, streamJoin: true, tableJoin: true },
  ...{ process: true, repartition: true, tableChanges: true },
};

function operator(node: StreamNode, surroundings: Surroundings): Next {
  const { next, ports } = surroundings;
  const { repeats } = ports;
  const counts = eventCountsOf(node);
  const run = operatorOf(node, surroundings);
  if (ports.onPassed !== undefined) return looked(node, { run, next, ports, onPassed: ports.onPassed });
  if (run === null) {
    // What comes to a stateful operator is counted where it is taken.
    const takes = Object.hasOwn(STATEFUL, node.op) ? 0 : 1;
    return (value, key, metadata) => {
      if (repeats?.() !== true) {
        counts.in += takes;
        counts.out++;
      }
      if (counts.tapped !== null) counts.tapped(value, key, metadata);
      next(value, key, metadata);
    };
  }
  const ends = node.op === "append" || node.op === "output" ? 1 : 0;
  const name = errorName(node);
  const filters = node.op === "filter" || node.op === "branch" ? 1 : 0;
  return (value, key, metadata) => {
    const counted = repeats?.() !== true;
    if (counted) counts.in++;
    let events: readonly Event[];
    try {
      events = run(value, key, metadata);
    } catch (cause) {
      if (counted) counts.errors++;
      return ports.onError(new ProcessorError(name, keyShown(key), { cause, row: value }));
    }
    if (counted) {
      counts.out += events.length + ends;
      if (events.length === 0) counts.filtered += filters;
    }
    const { tapped } = counts;
    if (tapped !== null) {
      for (const [passed, told] of ends === 1 ? [[key, value]] : events) tapped(told, passed, metadata);
    }
    for (const [newKey, newValue] of events) next(newValue, newKey, metadata);
  };
}

/** What an operator is called where it refuses an event: a ClickHouse table as where it refuses one itself. */
function errorName({ op, name }: StreamNode): string {
  return op === "append" ? `sink ${name}` : name;
}

/** The same for who looks: nothing is counted. */
function looked(
  node: StreamNode,
  { run, next, ports: { onError }, onPassed }: Pick<Surroundings, "next" | "ports"> & {
    readonly run: Operator | null;
    readonly onPassed: (passed: PassedEvent) => void;
  },
): Next {
  // What people do with what they see is done once.
  const goesOn = run === null || node.op === "peek";
  return (value, key, metadata) => {
    let given: readonly Event[];
    try {
      given = goesOn ? [[key, value]] : run(value, key, metadata);
    } catch (cause) {
      onPassed({ node, key, value, given: null });
      return onError(new ProcessorError(errorName(node), keyShown(key), { cause, row: value }));
    }
    onPassed({ node, key, value, given });
    for (const [newKey, newValue] of given) next(newValue, newKey, metadata);
  };
}
