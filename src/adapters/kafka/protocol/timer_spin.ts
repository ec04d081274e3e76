import RequestQueueClass from "kafkajs/src/network/requestQueue/index.js";

/**
 * kafkajs re-arms a timer with a negative delay for ever once a connection has had its first response: hundreds of
 * wake-ups a second for each idle connection, and a warning on the terminal. A check is needed only while requests wait
 * to be sent. https://github.com/tulios/kafkajs/issues/1704
 */
export function stopTimerSpin(): void {
  RequestQueueClass.prototype.scheduleCheckPendingRequests = scheduleCheckPendingRequests;
}

interface RequestQueue {
  readonly pending: unknown[];
  readonly throttledUntil: number;
  throttleCheckTimeoutId: ReturnType<typeof setTimeout> | null;
  checkPendingRequests(): void;
}

function scheduleCheckPendingRequests(this: RequestQueue): void {
  if (this.pending.length === 0 || this.throttleCheckTimeoutId !== null) return;
  const delayMs = Math.max(10, this.throttledUntil - Date.now());
  this.throttleCheckTimeoutId = setTimeout(() => {
    this.throttleCheckTimeoutId = null;
    this.checkPendingRequests();
  }, delayMs);
}
