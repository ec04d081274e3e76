import { apiRoutes } from "../../../src/cli/api/api_routes.ts";
import { guarded } from "../../../src/cli/api/guard.ts";
import type { Watched } from "../../../src/cli/api/watched.ts";
import { type HttpServer, type Routes, serveHttp } from "../../../src/cli/http_server.ts";
import { KeptEvents } from "../../../src/cli/start/kept_events.ts";
import type { ShownRun } from "../../../src/cli/start/shown_run.ts";
import type { Status, TopologyState, TopologyStatus } from "../../../src/cli/start/status.ts";
import type { StepRun } from "../../runtime/step_run.ts";

const HOST = "127.0.0.1";
export const PASSWORD = "a secret";

/** An instance of one topology, whose address is known before its run is there. */
export class WatchedInstance {
  run: StepRun | null = null;
  readonly happened = new KeptEvents(() => this.nowMs);
  /** For what is kept. */
  nowMs = 0;
  /** Of its run. */
  state: TopologyState = "running";
  /** Of its topology, as its own status has them. */
  rates: Pick<TopologyStatus, "changesPerSecond" | "rowsPerSecond" | "secondsLeft"> | null = null;
  server: HttpServer;
  readonly #routes: Routes;
  readonly address: string;

  constructor(settings: Partial<Watched> = {}) {
    const watched: Watched = {
      ...{ password: PASSWORD, showsRows: true, reader: { url: `http://${HOST}:1`, database: "default" }, demo: null },
      ...{ instance: () => this.address, verifying: () => false, status: () => statusOf(this) },
      ...{ lettersIn: "topic", events: () => this.happened.list() },
      ...settings,
      runs: [],
    };
    this.#routes = guarded(apiRoutes({ ...watched, runs: liveRuns(this) }), watched);
    this.server = serveHttp({ host: HOST, port: 0 }, this.#routes);
    this.address = `${HOST}:${this.server.port}`;
  }

  /** Listens again at its address, after {@link server} was closed. */
  listen(): void {
    this.server = serveHttp({ host: HOST, port: this.server.port }, this.#routes);
  }

  /** With the password, unless other headers are given. */
  async get(path: string, headers: Record<string, string> = { authorization: `Bearer ${PASSWORD}` }) {
    const response = await fetch(`${this.server.url}${path}`, { headers });
    const text = await response.text();
    return { status: response.status, text, json: () => JSON.parse(text) };
  }

  /** The first events of a stream, which is closed then. */
  async events(path: string, { count }: { readonly count: number }) {
    const gone = new AbortController();
    const headers = { authorization: `Bearer ${PASSWORD}` };
    const response = await fetch(`${this.server.url}${path}`, { headers, signal: gone.signal });
    const events: { readonly event: string; readonly data: Record<string, unknown> }[] = [];
    let text = "";
    for await (const chunk of response.body!.pipeThrough(new TextDecoderStream())) {
      const parts = (text + chunk).split("\n\n");
      text = parts.pop()!;
      for (const part of parts) {
        const [, event, data] = /^event: (.*)\ndata: (.*)$/.exec(part) ?? [];
        if (event !== undefined) events.push({ event, data: JSON.parse(data) });
      }
      if (events.length >= count) break;
    }
    gone.abort();
    return events;
  }
}

/** The run as it is when it is asked for. */
function liveRuns(instance: WatchedInstance): readonly ShownRun[] {
  const shown: ShownRun = {
    ...{ name: "things", started: null, failure: null, problems: () => [], unready: () => [] },
    get state() {
      return instance.state;
    },
    get runner() {
      return instance.run?.runner ?? null;
    },
    get topology() {
      return instance.run?.runner.topology ?? null;
    },
  };
  return [shown];
}

function statusOf({ address, rates }: WatchedInstance): Status {
  return {
    ...{
      mode: "real",
      uptimeMs: 1,
      startedAt: 0,
      data: "",
      addresses: { metrics: address },
      demo: null,
      topologies: rates === null ? [] : [{
        ...{ name: "things", state: "running", tasksRunning: 1, tasks: 1, standbys: 0, changes: 0, rows: 0 },
        ...{ lag: 0, deadLetters: 0, started: null, problems: [], ...rates },
      }],
    },
    ...{ proof: { time: "2026-01-01T00:00:00.000Z", equal: true, sinks: 1, rows: 5 }, ending: null },
    continuous: { state: "off", reason: "it is switched off (WEIR_PROOF)", told: null, sinks: [], leftOut: [] },
  };
}
