import { type Running, startMain } from "../cli/support.ts";

/** A `start` of its own with a small demo store, in a directory that is removed afterwards. */
export class RealInstance {
  readonly #directory: string;
  #run: Running | null = null;
  #port = 0;

  constructor(directory: string) {
    this.#directory = directory;
  }

  get url(): string {
    return `http://127.0.0.1:${this.#port}`;
  }

  /** Resolves as soon as it can be asked. After the first time it listens where it did before. */
  async start(): Promise<void> {
    // Few changes: the machine is the browser's, too.
    const options = ["--no-check", "--demo-size", "small", "--rate", "5"];
    const args = ["start", ...options, "--data", this.#directory, "--port", String(this.#port)];
    // What is compared, and when, is for the test to say.
    this.#run = startMain(args, { WEIR_PROOF: "off" });
    const { addresses } = await this.#run.event(({ event }) => event === "listening");
    this.#port = Number(new URL((addresses as { readonly console: string }).console).port);
  }

  /** Resolves when the process is gone. */
  async end(signal: "SIGKILL" | "SIGINT"): Promise<void> {
    this.#run?.child.kill(signal);
    await this.#run?.finished;
    this.#run = null;
  }

  /** Runs another command on its data. */
  async command(...args: readonly string[]): Promise<string> {
    const { out, err } = await startMain([...args, "--data", this.#directory]).finished;
    return out + err;
  }
}

/** Lets `test` use an instance, and ends it whatever comes. */
export async function withInstance(test: (instance: RealInstance) => Promise<void>): Promise<void> {
  const directory = await Deno.makeTempDir({ prefix: "weir-console-" });
  const instance = new RealInstance(`${directory}/data`);
  try {
    await test(instance);
  } finally {
    await instance.end("SIGINT");
    await Deno.remove(directory, { recursive: true });
  }
}
