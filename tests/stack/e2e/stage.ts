import {
  type EmbeddedClickHouse,
  startEmbeddedClickHouse,
} from "../../../src/adapters/embedded_clickhouse/clickhouse.ts";
import type { DeadLetter } from "../../../src/ports/dead_letters.ts";
import { type StackLayout, stackLayout } from "../layout.ts";
import { psql, stackAddresses, stackDown, stackUp } from "../mod.ts";
import { type Choices, choicesOf } from "./choices.ts";
import { Steps } from "./steps.ts";
import { runWeir, WeirProcess, type WeirSettings } from "./weir.ts";

/** The topologies that are run and proven. */
export const FLAGSHIPS = ["mirror", "sales", "product_performance", "order_funnel"] as const;

export interface StageOptions {
  readonly root: string;
  readonly portOffset: number;
  readonly seed: number;
  /** Leaves PostgreSQL, Kafka and Connect running at the end. */
  readonly keep: boolean;
  /** Aborted when the run is to be broken off. */
  readonly interrupted: AbortSignal;
}

/** Short, so that a test of a takeover does not wait for the usual 30 s. */
const SESSION_TIMEOUT_MS = 10_000;

/** How long the topologies may take to catch up, on a machine that is busy otherwise. */
const VERIFY_WAIT_S = 120;

/** All services of the stack with nothing of an earlier run in them, and what the scenarios do with them. */
export class Stage {
  readonly steps: Steps;
  readonly random: Choices;
  readonly layout: StackLayout;
  readonly options: StageOptions;
  #clickhouse: EmbeddedClickHouse | null = null;
  readonly #weirs = new Set<WeirProcess>();
  /** Figures that are told once more at the end of the run. */
  readonly figures: string[] = [];

  constructor(options: StageOptions) {
    this.options = options;
    this.steps = new Steps(options.interrupted);
    this.random = choicesOf(options.seed);
    this.layout = stackLayout(options);
  }

  /** Starts everything from nothing but the jars. */
  async open(): Promise<void> {
    const onProgress = (line: string) => this.steps.say(`      ${line}`);
    await stackDown({ ...this.options, wipe: true });
    await stackUp({ ...this.options, onProgress });
    await Deno.mkdir(this.#scratch, { recursive: true });
    await this.#startClickHouse();
    onProgress(`ClickHouse ${this.clickhouse.version} ready at ${this.clickhouse.url}`);
  }

  /** Ends ClickHouse, does something with its directory, and starts it again. */
  async withoutClickHouse(action: (directory: string) => Promise<void>): Promise<void> {
    await this.clickhouse.close();
    await action(this.#clickhouseDirectory);
    await this.#startClickHouse();
  }

  async #startClickHouse(): Promise<void> {
    const { clickhouse, clickhouseReader } = this.layout.ports;
    const address = { port: clickhouse, readerPort: clickhouseReader };
    this.#clickhouse = await startEmbeddedClickHouse({ path: this.#clickhouseDirectory, ...address });
  }

  get #clickhouseDirectory(): string {
    return `${this.layout.data}/clickhouse`;
  }

  /** Ends every process that was started here. */
  async close(): Promise<void> {
    await Promise.all([...this.#weirs].map((weir) => weir.discard()));
    await this.#clickhouse?.close();
    if (this.options.keep) {
      const { kafka, connect, postgres } = stackAddresses(this.options);
      this.steps.say(`      kept: Kafka ${kafka}, Connect ${connect}, PostgreSQL ${postgres.host}:${postgres.port}`);
    } else await stackDown(this.options);
  }

  get clickhouse(): EmbeddedClickHouse {
    return this.#clickhouse!;
  }

  get #scratch(): string {
    return `${this.layout.data}/weir`;
  }

  /** Environment, directory and log of Weir's processes. */
  get settings(): WeirSettings {
    const { kafka, postgres } = stackAddresses(this.options);
    const { host, port, database, user, password } = postgres;
    return {
      environment: {
        KAFKA_BROKERS: kafka,
        KAFKA_SESSION_TIMEOUT_MS: String(SESSION_TIMEOUT_MS),
        CLICKHOUSE_URL: this.clickhouse.url,
        POSTGRES_URL: `postgres://${user}@${host}:${port}/${database}`,
        POSTGRES_PASSWORD: password,
        WEIR_DATA: `${this.#scratch}/data`,
        WEIR_TOPOLOGIES: new URL("../../../topologies", import.meta.url).pathname,
        WEIR_LOG: "debug",
        WEIR_PORT: "0",
      },
      cwd: this.#scratch,
      logFile: `${this.layout.logs}/weir.log`,
    };
  }

  /** Starts a process of Weir, by default with the flagship topologies. */
  startWeir(args: readonly string[] = FLAGSHIPS, environment: Readonly<Record<string, string>> = {}): WeirProcess {
    const { settings } = this;
    const weir = new WeirProcess(args, { ...settings, environment: { ...settings.environment, ...environment } });
    this.#weirs.add(weir);
    return weir;
  }

  /**
   * Writes files of topologies into a folder of their own.
   * @returns the environment in which Weir finds them, and no others
   */
  async writeTopologies(
    folder: string,
    files: Readonly<Record<string, string>>,
  ): Promise<{ readonly WEIR_TOPOLOGIES: string }> {
    const directory = `${this.#scratch}/${folder}`;
    await Deno.mkdir(directory, { recursive: true });
    for (const [name, text] of Object.entries(files)) await Deno.writeTextFile(`${directory}/${name}.ts`, text);
    return { WEIR_TOPOLOGIES: directory };
  }

  /**
   * The step that proves that every sink equals what PostgreSQL's rows give, row by row, as shown and as stored, and
   * that no record of these topologies was set aside but those that are expected.
   */
  async verify(
    when: string,
    topologies: readonly string[] = FLAGSHIPS,
    options: VerifyOptions = {},
  ): Promise<void> {
    const withinMs = (VERIFY_WAIT_S + 60) * 1000;
    await this.steps.step(`verify ${when}`, () => this.#compare(topologies, options), { withinMs });
  }

  async #compare(topologies: readonly string[], { environment = {}, letters = 0 }: VerifyOptions): Promise<string> {
    const { status, report } = await this.compare(topologies, { environment, waitS: VERIFY_WAIT_S });
    const names = new Set(report.sinks.map(({ topology }) => topology));
    const missing = topologies.filter((name) => !names.has(name));
    if (status !== 0 || !report.equal || missing.length > 0) {
      throw new Error(
        `verify ended with status ${status}, not compared: ${missing}; differences: ${differences(report)}`,
      );
    }
    const found = await this.deadLetters(topologies);
    if (found.length !== letters) {
      throw new Error(`There are ${found.length} dead letters: ${JSON.stringify(found).slice(0, 2_000)}`);
    }
    const rows = report.sinks.reduce((sum, { view }) => sum + view.rows, 0);
    return `equal: ${rows} rows of ${report.sinks.length} sinks, as shown and as stored`;
  }

  /** What was set aside of these topologies in all runs of this stage, the newest first. */
  async deadLetters(topologies: readonly string[]): Promise<DeadLetter[]> {
    const { status, stdout, stderr } = await runWeir(["dlq", "--all", "--json", "--limit", "1000"], this.settings);
    if (status !== 0) throw new Error(`dlq ended with status ${status}: ${stderr.trim()}`);
    const letters = stdout.split("\n").filter((line) => line !== "").map((line) => JSON.parse(line) as DeadLetter);
    return letters.filter(({ topology }) => topologies.includes(topology));
  }

  /** Runs `verify` once. @throws Error when it could not compare */
  async compare(
    topologies: readonly string[],
    { environment = {}, waitS }: { environment?: Readonly<Record<string, string>>; waitS: number },
  ): Promise<{ readonly status: number; readonly report: VerifyOutput }> {
    const settings = { ...this.settings, environment: { ...this.settings.environment, ...environment } };
    const args = ["verify", ...topologies, "--wait", `${waitS}s`, "--json"];
    const { status, stdout, stderr } = await runWeir(args, settings);
    if (stdout.trim() === "") throw new Error(`verify ended with status ${status}: ${stderr.trim()}`);
    return { status, report: JSON.parse(stdout) };
  }

  /** Runs SQL in PostgreSQL; the rows of the last statement. */
  sql(text: string, values?: unknown[]): Promise<Record<string, unknown>[]> {
    return psql(text, values, this.options);
  }

  /** Runs a query in ClickHouse. Decimals and 64-bit integers are texts. */
  async query(sql: string): Promise<Record<string, unknown>[]> {
    const text = await this.command(
      `${sql} FORMAT JSONEachRow SETTINGS output_format_json_quote_64bit_integers = 1, ` +
        "output_format_json_quote_decimals = 1",
    );
    return text.split("\n").filter((line) => line !== "").map((line) => JSON.parse(line));
  }

  /** Runs a query at ClickHouse's read-only address, as a dashboard does. */
  async look(sql: string): Promise<Record<string, unknown>[]> {
    const text = await this.command(`${sql}\nFORMAT JSONEachRow`, this.clickhouse.readerUrl);
    return text.split("\n").filter((line) => line !== "").map((line) => JSON.parse(line));
  }

  /** Runs any statement in ClickHouse. */
  async command(sql: string, url = this.clickhouse.url): Promise<string> {
    const response = await fetch(url, {
      method: "POST",
      body: sql,
      signal: AbortSignal.timeout(20_000),
    });
    const text = await response.text();
    if (!response.ok) throw new Error(`Cannot run "${sql}": ClickHouse says ${text.trim()}`);
    return text;
  }
}

export interface VerifyOptions {
  /** Variables beside those of every process. */
  readonly environment?: Readonly<Record<string, string>>;
  /** How many records were set aside, each as a step before has proven; none if absent. */
  readonly letters?: number;
}

/** What `verify` found in one table. */
export interface SinkFindings {
  readonly rows: number;
  readonly missing: number;
  readonly extra: number;
  readonly different: number;
  readonly samples: readonly unknown[];
}

/** The report of `verify --json`. */
export interface VerifyOutput {
  readonly equal: boolean;
  readonly sinks: readonly {
    readonly topology: string;
    readonly sink: string;
    readonly view: SinkFindings;
    readonly stored: SinkFindings;
  }[];
}

function differences({ sinks }: VerifyOutput): string {
  const count = ({ missing, extra, different }: SinkFindings) => missing + extra + different;
  return sinks.filter(({ view, stored }) => count(view) + count(stored) > 0)
    .map((sink) => JSON.stringify(sink)).join("\n");
}
