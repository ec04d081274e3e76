import { stringify } from "yaml";

/** What `docker compose config --format json` says of a service, as far as it is of interest here. */
export interface PlannedService {
  readonly image: string;
  readonly build?: { readonly context: string; readonly dockerfile: string };
  readonly restart?: string;
  readonly ports?: readonly { readonly published: string; readonly target: number }[];
  readonly ulimits?: { readonly nofile?: { readonly hard: number } };
  readonly environment?: Readonly<Record<string, string>>;
}

export interface Plan {
  readonly services: Readonly<Record<string, PlannedService>>;
  readonly networks: Readonly<Record<string, unknown>>;
  readonly volumes: Readonly<Record<string, unknown>>;
}

export interface OverrideOptions {
  /** First part of the names of images that are built. */
  readonly project: string;
  /** Added to every published port. */
  readonly portOffset: number;
  /** First two numbers of the addresses of all networks: `10.213`. */
  readonly addresses: string;
  /** How many files a container may have open on the engine's machine. */
  readonly openFilesMax: number;
}

/** Addresses of one network: 16, of which three are the network's own. */
const NETWORK_BITS = 28;
const ADDRESSES = 2 ** (32 - NETWORK_BITS);

/** A published port, or a range of them, moved: `8686-8695` by 10,000 is `18686-18695`. */
export function movedPort(published: string, offset: number): string {
  return published.split("-").map((port) => Number(port) + offset).join("-");
}

/**
 * A compose file on top of the project's, with which the same stack runs beside any other: ports, image names and
 * networks of its own. The networks' addresses are given, since an engine's own supply is for about thirty networks.
 */
export function overrideText(plan: Plan, options: OverrideOptions): string {
  const { project, portOffset, addresses, openFilesMax } = options;
  const services = Object.entries(plan.services).map(([name, { image, build, ports = [], ulimits, environment }]) => {
    const published = ports.map(({ published, target }) => `127.0.0.1:${movedPort(published, portOffset)}:${target}`);
    const advertised = environment?.KAFKA_ADVERTISED_LISTENERS;
    const changes = {
      ...(build === undefined ? {} : { image: imageName(project, image) }),
      ...((ulimits?.nofile?.hard ?? 0) <= openFilesMax
        ? {}
        : { ulimits: { nofile: { soft: openFilesMax, hard: openFilesMax } } }),
      ...(advertised === undefined ? {} : {
        environment: {
          KAFKA_ADVERTISED_LISTENERS: advertised.replace(
            /localhost:(\d+)/,
            (_, port) => `localhost:${movedPort(port, portOffset)}`,
          ),
        },
      }),
    };
    const lines = Object.keys(changes).length > 0 ? indented(stringify(changes), 4) : "";
    const list = ports.length > 0 ? `    ports: !override ${JSON.stringify(published)}\n` : "";
    return lines + list === "" ? "" : `  ${name}:\n${lines}${list}`;
  });
  const networks = Object.keys(plan.networks).sort().map((name, index) => {
    const first = index * ADDRESSES;
    const subnet = `${addresses}.${first >> 8}.${first & 255}/${NETWORK_BITS}`;
    return `  ${name}: { ipam: { config: [{ subnet: ${subnet} }] } }\n`;
  });
  return `services:\n${services.join("")}networks:\n${networks.join("")}`;
}

/** Name under which an image of compose/ is built for the tests. */
export function imageName(project: string, image: string): string {
  return image.replace(/^[^/]+\//, `${project}/`);
}

function indented(text: string, spaces: number): string {
  return text.replaceAll(/^(?=.)/gm, " ".repeat(spaces));
}
