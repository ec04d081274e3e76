import { textLines } from "../../../src/cli/text_lines.ts";
import type { PeerJava } from "./peer_app.ts";

/** What is run, and where. */
export interface PeerOptions {
  readonly java: PeerJava;
  readonly broker: string;
  /** The class that is run: SalesPeer or StreamsPeer. */
  readonly program: string;
  /** fk or global; count or join. */
  readonly variant: string;
  /** Its application id, and so the name of its group and the beginning of its internal topics. */
  readonly application: string;
  /** The topic that it writes. */
  readonly output: string;
  readonly directory: string;
  /** Further arguments. */
  readonly args?: readonly string[];
}

/** Kafka Streams as a process of its own. */
export interface PeerProcess {
  readonly pid: number;
  readonly ended: boolean;
  /** Milliseconds on the clock of `performance.now()` at which every task ran first; null before. */
  readonly runningMs: number | null;
  stop(): Promise<void>;
  /** As `kill -9`. */
  kill(): Promise<void>;
}

/** Starts the application: two threads, at least once with exact results at rest. */
export function startPeer(options: PeerOptions): PeerProcess {
  const { java, broker, program, variant, application, output, directory, args = [] } = options;
  const child = new Deno.Command("java", {
    args: [
      "-Xmx6g",
      ...java,
      `peer.${program}`,
      ...["--brokers", broker, "--variant", variant, "--app", application, "--out", output],
      ...["--threads", "2", "--state-dir", `${directory}/state`],
      ...args,
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
    stop: () => end("SIGTERM"),
    kill: () => end("SIGKILL"),
  };

  async function end(signal: Deno.Signal): Promise<void> {
    if (!ended) child.kill(signal);
    await Promise.all([reading, child.status]);
  }
}
