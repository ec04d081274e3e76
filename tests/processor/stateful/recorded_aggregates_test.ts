import { assertEquals } from "@std/assert";
import { count } from "../../../src/dsl/aggregates.ts";
import { folding, reducingStream } from "../../../src/dsl/stream_aggregates.ts";
import { type Case, readSuites, RECORDED, type Step } from "../../conformance/recorded.ts";
import { type Aggregated, Machine, nodeOf } from "./machine.ts";

async function caseOf(file: string, name: string): Promise<Case> {
  const [{ cases }] = await readSuites(new URL(file, RECORDED));
  return cases.find((recorded) => recorded.name === name)!;
}

/** What each step gives of one output: [key, value, time]. */
function outputs(
  aggregated: Aggregated,
  { steps, group, input = () => 0 }: {
    readonly steps: readonly Step[];
    readonly group: (step: Step) => unknown;
    readonly input?: (step: Step) => number;
  },
) {
  const machine = new Machine(nodeOf(aggregated));
  return steps.map((step) => {
    const of = group(step);
    // As groupBy() leaves out what has no group or no value.
    if (of === null || step.value === null) return [];
    return machine.take({ input: input(step), group: of, value: step.value, at: step.ts })
      .map(({ key, value, timestampUs }) => [key.group, value?.shown ?? null, timestampUs]);
  });
}

function recorded(steps: readonly Step[], topic?: string) {
  return steps.map(({ out }) =>
    out.filter((output) => output.topic === topic).map(({ key, value, ts }) => [key, value, ts])
  );
}

const byKey = ({ key }: Step) => key;

Deno.test("streamAggregate() counts, reduces and folds as recorded, step by step", async () => {
  const { steps } = await caseOf("kstream-aggregate.json", "groupByKey_seed1");
  assertEquals(outputs({ inputs: [{ shown: count() }] }, { steps, group: byKey }), recorded(steps, "count"));
  const agg = folding({
    empty: () => "[]",
    add: (state, value: string) => value.endsWith("4") ? null : state + value,
  });
  assertEquals(outputs({ inputs: [{ shown: agg }] }, { steps, group: byKey }), recorded(steps, "agg"));
  const byLength = ({ value }: Step) => value === null ? null : String(value).length % 2 === 0 ? "even" : "odd";
  assertEquals(outputs({ inputs: [{ shown: count() }] }, { steps, group: byLength }), recorded(steps, "byLen"));
});

Deno.test("streamAggregate() reduces as recorded, step by step", async () => {
  const { steps } = await caseOf("kstream-aggregate.json", "groupByKey_seed1");
  const rows = steps.map((step) => ({ ...step, value: step.value === null ? null : { shown: step.value } }));
  const reduce = reducingStream((a: { shown: string }, b: { shown: string }) => ({ shown: `${a.shown},${b.shown}` }));
  assertEquals(outputs({ inputs: [{ reduced: reduce }] }, { steps: rows, group: byKey }), recorded(steps, "reduce"));
});

Deno.test("streamAggregate() folds the events of two streams into one result, as recorded for cogroup", async () => {
  const { steps } = await caseOf("suppress-cogroup.json", "cogroup_seed1");
  const side = (letter: string) => folding({ empty: () => "", add: (state, value: string) => state + letter + value });
  assertEquals(
    outputs({ inputs: [{ shown: side("L") }, { shown: side("R") }] }, {
      steps,
      group: byKey,
      input: ({ topic }) => topic === "left" ? 0 : 1,
    }),
    recorded(steps),
  );
});
