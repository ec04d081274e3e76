import type { Explanation } from "./explanation.ts";
import type { Explaining } from "./explain_row.ts";
import { EMPTY } from "./nothing.ts";
import type { Target } from "./targets.ts";

/** What is known of rows that are made of events: where their streams are, and nothing of single ones. */
export function explainEvents(
  { instance }: Explaining,
  { name }: Extract<Target, { readonly kind: "events" }>,
): Explanation {
  const { streams, stages } = instance.topics.plan;
  const flows = [...streams, ...stages].filter(({ sinks }) => sinks.some((sink) => sink.name === name));
  const positions = [...instance.streams.values()].filter(({ id }) =>
    flows.some((flow) => id.startsWith(`${flow.name}-`))
  )
    .map(({ topic, partition, position, end, state }) =>
      `"${topic}" partition ${partition} is ${state}, brought out up to offset ${position} of ${end}`
    );
  return {
    ...{ topology: instance.topology.name, table: name, kind: "events", key: {} },
    outcome: "not kept",
    sentence: `${name} is made of events, each of which is brought out once and kept nowhere, so no key can be ` +
      "followed. Its rows tell of which event each was made: " +
      `deno task query "SELECT _source, _partition, _offset, * FROM ${name}_rows LIMIT 10"`,
    ...{ operator: null, task: null, source: null },
    ...EMPTY,
    ...{ shown: null, shownKnown: false, shares: [], outputs: [], deadLetters: [] },
    notes: positions,
    unanswered: [],
  };
}
