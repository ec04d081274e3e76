import { SinkWriter } from "../../src/runtime/delivery/sink_writer.ts";
import { Assignments } from "../../src/runtime/lifecycle/assignments.ts";
import { Intake } from "../../src/runtime/lifecycle/intake.ts";
import { ReadProblems } from "../../src/runtime/lifecycle/read_problems.ts";
import { Runner } from "../../src/runtime/runner.ts";
import type { Mutant } from "./mutant.ts";
import { method } from "./mutate.ts";

/** Deliberate bugs of what happens to rows that cannot be sent or shown, and to topologies that fail. */
export const FAILURE_MUTANTS: readonly Mutant[] = [
  {
    name: "largerestarts",
    rule: "a record that is too large for the log is divided, or its value is told as absent",
    options: { log: { noReason: true } },
  },
  {
    name: "largeloses",
    rule: "beside a record that is too large for the log all others arrive",
    options: { log: { dropLarge: true } },
  },
  {
    name: "keptshare",
    rule: "a share that cannot be written does not keep its old value in the total",
    options: { warehouse: { noMark: true } },
  },
  {
    name: "stays",
    rule: "a runner that failed leaves its group",
    apply: method(Runner, "stop", () => () => Promise.resolve()),
  },
  {
    name: "writesafter",
    rule: "a runner that failed writes nothing once it was thrown away",
    apply: method(SinkWriter, "close", () => function () {}),
  },
  {
    name: "startsafter",
    rule: "a runner that failed starts nothing any more",
    apply: method(Assignments, "stop", () => function () {}),
  },
  {
    name: "swallowsbug",
    rule: "a bug met with what was fetched is a failure, and not a fetch to be tried again",
    apply: method(Intake, "hold", (original) =>
      function (parts, sift) {
        try {
          original.call(this, parts, sift);
        } catch {
          // As a retry around it would do.
        }
      }),
  },
  {
    name: "quietdamage",
    rule: "data that cannot be read is a problem",
    apply: method(ReadProblems, "note", () => (parts) => parts),
  },
  {
    name: "olddamage",
    rule: "a problem is over when the data can be read again",
    apply: method(ReadProblems, "note", (original) =>
      function (parts, isRead) {
        const troubled = parts.some(({ problem }: { problem?: string }) => problem !== undefined);
        return troubled ? original.call(this, parts, isRead) : parts;
      }),
  },
];
