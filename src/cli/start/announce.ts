import type { Configuration } from "../config/configuration.ts";
import { ADDRESS } from "../embedded_directory.ts";
import type { HttpServer } from "../http_server.ts";
import type { Output } from "./output.ts";
import type { StatusSource } from "./status_source.ts";
import type { World } from "./world.ts";

/** Says where to look, and that it is not where one would look first. */
export async function announce(
  server: HttpServer,
  { world, status, options }: {
    readonly world: World;
    readonly status: StatusSource;
    readonly options: { readonly output: Output; readonly configuration: Configuration };
  },
): Promise<void> {
  const { output, configuration } = options;
  const addresses = {
    ...{ [ADDRESS.console]: `${server.url}/`, [ADDRESS.api]: `${server.url}/api` },
    ...world.addresses,
    [ADDRESS.metrics]: server.url,
  };
  status.addresses = addresses;
  await world.publish(addresses);
  if (configuration.port !== 0 && server.port !== configuration.port) {
    output.event({
      level: "warn",
      name: "port",
      text: `Port ${configuration.port} is in use: metrics are on ${server.url}/metrics instead`,
      fields: { wanted: configuration.port, port: server.port },
    });
  }
  output.event({
    level: "info",
    name: "listening",
    text: Object.entries(addresses).map(([name, url]) => `${name} ${url}`).join(", "),
    fields: { mode: world.mode, data: configuration.dataDirectory, addresses },
  });
}
