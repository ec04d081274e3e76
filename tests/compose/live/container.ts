import { docker } from "./engine.ts";

/** A container of the stack, as the engine describes it. */
export interface Container {
  readonly id: string;
  readonly service: string;
  /** Which of several instances, from 1. */
  readonly number: number;
  /** `running`, `exited`, `restarting`, `created`, ... */
  readonly state: string;
  /** `healthy`, `unhealthy`, `starting`; null without a health check. */
  readonly health: string | null;
  readonly exitCode: number;
  readonly restarts: number;
  readonly pid: number;
  readonly user: string;
  readonly capabilitiesDropped: readonly string[];
  /** Names of mounted volumes. */
  readonly volumes: readonly string[];
  /** Its address in each network. */
  readonly addresses: Readonly<Record<string, string>>;
  /** Host addresses of its published ports: `127.0.0.1:8686`. */
  readonly published: readonly string[];
}

interface Inspected {
  readonly Id: string;
  readonly State: {
    readonly Status: string;
    readonly Pid: number;
    readonly ExitCode: number;
    readonly Health?: { readonly Status: string };
  };
  readonly RestartCount: number;
  readonly Config: { readonly User: string; readonly Labels: Readonly<Record<string, string>> };
  readonly HostConfig: { readonly CapDrop: readonly string[] | null };
  readonly Mounts: readonly { readonly Type: string; readonly Name?: string }[];
  readonly NetworkSettings: {
    readonly Networks: Readonly<Record<string, { readonly IPAddress: string }>>;
    readonly Ports: Readonly<Record<string, readonly { readonly HostIp: string; readonly HostPort: string }[] | null>>;
  };
}

/** All containers of a Compose project, ended ones too, in the order of their services' names. */
export async function containersOf(project: string, signal: AbortSignal): Promise<Container[]> {
  const filter = `label=com.docker.compose.project=${project}`;
  const ids = (await docker(["ps", "--all", "--quiet", "--filter", filter], { signal })).split("\n").filter(Boolean);
  if (ids.length === 0) return [];
  const inspected: Inspected[] = JSON.parse(await docker(["inspect", ...ids], { signal }));
  const containers = inspected.map((one): Container => ({
    id: one.Id,
    service: one.Config.Labels["com.docker.compose.service"],
    number: Number(one.Config.Labels["com.docker.compose.container-number"]),
    state: one.State.Status,
    health: one.State.Health?.Status ?? null,
    exitCode: one.State.ExitCode,
    restarts: one.RestartCount,
    pid: one.State.Pid,
    user: one.Config.User,
    capabilitiesDropped: one.HostConfig.CapDrop ?? [],
    volumes: one.Mounts.filter(({ Type }) => Type === "volume").map(({ Name }) => Name!),
    addresses: Object.fromEntries(
      Object.entries(one.NetworkSettings.Networks).map(([name, { IPAddress }]) => [
        name.slice(project.length + 1),
        IPAddress,
      ]),
    ),
    published: Object.values(one.NetworkSettings.Ports).flatMap((ports) =>
      (ports ?? []).map(({ HostIp, HostPort }) => `${HostIp}:${HostPort}`)
    ),
  }));
  return containers.sort((a, b) => a.service.localeCompare(b.service) || a.number - b.number);
}
