import type { Status, TopologyStatus } from "../../../src/cli/start/status.ts";

/** A topology that runs, but for what is said otherwise. */
export function topologyStatus(name: string, changes: Partial<TopologyStatus> = {}): TopologyStatus {
  return {
    name,
    state: "running",
    tasksRunning: 6,
    tasks: 6,
    standbys: 0,
    changes: 1_000,
    changesPerSecond: 1_234,
    rows: 2_000,
    rowsPerSecond: 99,
    lag: 12_345,
    secondsLeft: null,
    deadLetters: 0,
    started: null,
    problems: [],
    ...changes,
  };
}

/** An instance in embedded mode with one topology, but for what is said otherwise. */
export function instanceStatus(changes: Partial<Status> = {}): Status {
  return {
    mode: "embedded",
    uptimeMs: 3_723_000,
    startedAt: Date.UTC(2026, 0, 31),
    data: ".data",
    addresses: { ClickHouse: "http://127.0.0.1:1", metrics: "http://127.0.0.1:2" },
    demo: { seed: 1, ratePerSecond: 500, changesWritten: 12_345, paused: false, snapshot: null },
    topologies: [topologyStatus("sales")],
    proof: null,
    continuous: { state: "off", reason: "it is switched off (WEIR_PROOF)", told: null, sinks: [], leftOut: [] },
    ending: null,
    ...changes,
  };
}
