import { connectorRunning, registerConnector } from "../../connector.ts";
import { killService } from "../../mod.ts";
import { dropSlot, generation, refusesUntil, snapshotTaken, startAndVerify, startOver } from "../procedures.ts";
import { startService } from "../../services.ts";
import { createTopics } from "../../topics.ts";
import type { Scenario } from "./scenario.ts";

const LONG_MS = 180_000;
/** As compose/kafka/topics.json has it. */
const PARTITIONS_BEFORE = 6;
const PARTITIONS = 8;

/**
 * "Starting over from PostgreSQL", "More partitions" and what "A Kafka cluster" has in common with a Kafka that was
 * lost.
 */
export const rebuilding: Scenario = {
  title: "topics and Kafka are made again",
  async run(stage) {
    const { steps, layout, options } = stage;
    let tasksBefore = 0;
    await startAndVerify(stage, "before topics are made again", { expect: ({ tasks }) => void (tasksBefore = tasks) });
    await steps.step("the tables' topics are filled again", (signal) => startOver(stage, { signal }), {
      withinMs: LONG_MS,
    });
    await startAndVerify(stage, "on new topics", {
      expect: ({ kept, written, deleted }) => {
        if (kept === 0 || written + deleted > 0) throw new Error("Rows were written that were right");
      },
    });
    await steps.step(
      `and again, with ${PARTITIONS} partitions instead of ${PARTITIONS_BEFORE}`,
      (signal) => startOver(stage, { signal, partitions: PARTITIONS }),
      { withinMs: LONG_MS },
    );
    await refusesUntil(stage, 2);
    await startAndVerify(stage, "on more partitions", {
      environment: generation(2),
      expect: ({ tasks }) => {
        if (tasks !== tasksBefore / PARTITIONS_BEFORE * PARTITIONS) {
          throw new Error("Not every table has more partitions");
        }
      },
    });
    await steps.step("Kafka and ZooKeeper lose everything", async (signal) => {
      for (const name of ["connect", "kafka", "zookeeper"] as const) await killService(name, "SIGTERM", options);
      for (const name of ["kafka", "zookeeper"]) await Deno.remove(`${layout.data}/${name}`, { recursive: true });
      for (const name of ["zookeeper", "kafka"] as const) await startService(layout, name);
      await createTopics(layout);
      await dropSlot(stage, signal);
      await startService(layout, "connect");
      await registerConnector(layout);
      await connectorRunning(layout, 100_000);
      await snapshotTaken(stage, signal);
    }, { withinMs: LONG_MS });
    await refusesUntil(stage, 3, generation(2));
    await startAndVerify(stage, "on the new Kafka", { environment: generation(3) });
  },
};
