import { textLines } from "../../../src/cli/text_lines.ts";
import type { PeerJava } from "./peer_app.ts";

/** What is run, and where. */
export interface PeerOptions {
  readonly java: PeerJava;
  readonly broker: string;
  /** fk or global. */
  readonly variant: string;
  /** Its application id, and so the name of its group and the beginning of its internal topics. */
  readonly application: string;
  /** The topic that it writes. */
  readonly output: string;
  readonly directory: string;
}

/** Kafka Streams as a process of its own. */
export interface PeerProcess {
  readonly pid: number;
  readonly ended: boolean;
  /** Milliseconds on the clock of `performance.now()` at which every task ran first; null before. */
  readonly runningMs: number | null;
  stop(): Promise<void>;
}

/**
 * Starts the application: state in memory, a task never waits for its other inputs, two threads, at least once with
 * exact results at rest, as Weir is.
 */
export function startPeer({ java, broker, variant, application, output, directory }: PeerOptions): PeerProcess {
  const child = new Deno.Command("java", {
    args: [
      "-Xmx6g",
      ...java,
      "peer.SalesPeer",
      ...["--brokers", broker, "--variant", variant, "--app", application, "--out", output],
      ...["--store", "memory", "--idle", "-1", "--threads", "2", "--state-dir", `${directory}/state`],
    ],
    stdin: "null",
    stdout: "piped",
    stderr: "inherit",
  }).spawn();
  let runningMs: number | null = null;
  let ended = false;
  const reading = (async () => {
    for await (const lines of textLines(child.stdout)) {
      for (const line of lines) if (line.startsWith("STATE RUNNING")) runningMs ??= performance.now();
    }
    ended = true;
  })();
  return {
    pid: child.pid,
    get ended() {
      return ended;
    },
    get runningMs() {
      return runningMs;
    },
    async stop() {
      if (!ended) child.kill("SIGTERM");
      await Promise.all([reading, child.status]);
    },
  };
}
