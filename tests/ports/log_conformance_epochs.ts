import { assert, assertEquals } from "@std/assert";
import type { Log } from "../../src/ports/log.ts";
import type { LogCase } from "./log_conformance_case.ts";
import { newTopic, numbered, pollUntil } from "./log_conformance_support.ts";

/** Leaders, and where their records end. */
export const epochCases: readonly LogCase[] = [
  {
    name: "epochEnds() is the end of what was read, as long as the same leader writes",
    async run({ log }) {
      const topic = await newTopic(log, "epochs", 2);
      await log.append([{ topic, partition: 1, records: numbered("v", 5) }]);
      const leaderEpoch = await leaderRead(log, { topic, from: 0, to: 5 });
      assertEquals(await log.epochEnds(topic, [{ partition: 1, leaderEpoch }]), [5]);
      await log.append([{ topic, partition: 1, records: numbered("w", 3) }]);
      assertEquals(await log.epochEnds(topic, [{ partition: 1, leaderEpoch }]), [8]);
      assertEquals(await leaderRead(log, { topic, from: 5, to: 8 }), leaderEpoch);
      assertEquals(await log.epochEnds(topic, []), []);
    },
  },
  {
    name: "epochEnds() is -1 for a leader that the log does not know",
    async run({ log }) {
      const topic = await newTopic(log, "no-epoch");
      await log.append([{ topic, partition: 0, records: numbered("v", 2) }]);
      assertEquals(await log.epochEnds(topic, [{ partition: 0, leaderEpoch: 1_234_567 }]), [-1]);
    },
  },
  {
    name: "epochEnds() is not less than what was read before the log was opened again",
    needs: ["reopen"],
    async run({ log, reopen }) {
      const topic = await newTopic(log, "reopened-epoch", 2);
      await log.append([{ topic, partition: 1, records: numbered("v", 4) }]);
      const leaderEpoch = await leaderRead(log, { topic, from: 0, to: 4 });
      const { log: again } = await reopen!();
      assertEquals(await again.epochEnds(topic, [{ partition: 1, leaderEpoch }]), [4]);
      await again.append([{ topic, partition: 1, records: numbered("w", 3) }]);
      const [end] = await again.epochEnds(topic, [{ partition: 1, leaderEpoch }]);
      assert(end >= 4, `records that were read end at ${end}`);
      const later = await leaderRead(again, { topic, from: 0, to: 7 });
      assertEquals(await again.epochEnds(topic, [{ partition: 1, leaderEpoch: later }]), [7]);
    },
  },
];

/** Reads partition 1 and tells under which leader. */
async function leaderRead(
  log: Log,
  { topic, from, to }: { readonly topic: string; readonly from: number; readonly to: number },
): Promise<number> {
  const reader = log.reader();
  let leader: number | undefined;
  reader.seek(topic, 1, from);
  await pollUntil(reader, `reading ${topic} to ${to}`, (part) => {
    leader = part.leaderEpoch;
    return part.nextOffset >= to;
  });
  await reader.close();
  assert(leader !== undefined, "the log tells no leader");
  return leader;
}
