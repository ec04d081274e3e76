import { assertEquals } from "@std/assert";
import RequestQueueClass from "kafkajs/src/network/requestQueue/index.js";
import { stopTimerSpin } from "../../../../src/adapters/kafka/protocol/timer_spin.ts";

Deno.test("stopTimerSpin() leaves an idle connection without a timer, and lets a waiting request go", async () => {
  stopTimerSpin();
  let checks = 0;
  const queue = Object.assign(Object.create(RequestQueueClass.prototype), {
    pending: [] as unknown[],
    throttledUntil: -1,
    throttleCheckTimeoutId: null,
    checkPendingRequests: () => void checks++,
  });
  queue.scheduleCheckPendingRequests();
  assertEquals(queue.throttleCheckTimeoutId, null);
  queue.pending.push({});
  queue.scheduleCheckPendingRequests();
  await new Promise((resolve) => setTimeout(resolve, 50));
  assertEquals([checks, queue.throttleCheckTimeoutId], [1, null]);
});
