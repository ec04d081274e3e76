import type { Configuration } from "../config/configuration.ts";
import { type HttpServer, serveHttp } from "../http_server.ts";
import type { RunningProof } from "../proof/continuous_proof.ts";
import type { KeptEvents } from "./kept_events.ts";
import { lettersIn } from "./letters_in.ts";
import { Resting } from "./resting.ts";
import { type RouteOptions, routesOf } from "./routes.ts";
import type { StatusSource } from "./status_source.ts";
import type { World } from "./world.ts";

/** What the server of an instance answers from. */
interface ServedInstance extends Pick<RouteOptions, "metrics" | "runs" | "notReady"> {
  readonly configuration: Configuration;
  readonly world: World;
  readonly status: StatusSource;
  readonly events: Pick<KeptEvents, "list">;
  readonly proof: RunningProof;
  /** Waits until everything is applied; resolves to what is not. */
  readonly settled: (deadlineMs: number, signal: AbortSignal) => Promise<string[]>;
}

/** Serves what can be asked of an instance. @throws ConfigError when it cannot listen */
export function openServer(served: ServedInstance): HttpServer {
  const { configuration, world, status, events, proof, metrics, runs, notReady, settled } = served;
  const { run: { applicationServer, consoleRows }, storePassword } = configuration;
  const password = storePassword?.reveal() ?? null;
  const instance = (): string => applicationServer ?? server.url;
  const { demo } = world;
  const resting = new Resting({ settled, ...demo === null ? {} : { hold: () => demo.hold() } });
  const server: HttpServer = serveHttp(
    configuration,
    routesOf({
      metrics,
      runs,
      notReady,
      ...{ produce: world.produce, letters: world.letters },
      access: { password },
      proofRoutes: proof.routes,
      stores: { password: world.storePassword, instance },
      watched: {
        ...{ runs, instance, password, lettersIn: lettersIn(configuration) },
        ...{ status: () => status.take(), events: () => events.list() },
        ...{ reader: world.reader, demo: world.demo },
        showsRows: consoleRows,
        verifying: () => resting.under,
      },
      rest: resting.rest,
    }),
  );
  return server;
}
