import { parse } from "yaml";
import { fileURLToPath } from "node:url";

/** One service as Compose's file describes it: the parts that the tests look at. */
export interface Service {
  readonly image: string;
  readonly build?: { readonly context: string; readonly dockerfile?: string };
  readonly user?: string;
  readonly command?: readonly string[];
  readonly entrypoint?: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
  readonly secrets?: readonly (string | { readonly source: string; readonly target: string })[];
  readonly volumes?: readonly string[];
  readonly tmpfs?: readonly string[];
  readonly ports?: readonly string[];
  readonly networks: readonly string[] | Readonly<Record<string, { readonly aliases?: readonly string[] }>>;
  readonly mem_limit: string;
  readonly restart: string;
  readonly read_only?: boolean;
  readonly cap_drop?: readonly string[];
  readonly cap_add?: readonly string[];
  readonly security_opt?: readonly string[];
  readonly privileged?: boolean;
  readonly container_name?: string;
  readonly depends_on?: Readonly<Record<string, { readonly condition: string; readonly restart?: boolean }>>;
  readonly healthcheck?: { readonly test?: readonly string[]; readonly disable?: boolean };
}

export interface ComposeFile {
  /** Of the project, whose networks are called after it. */
  readonly name: string;
  readonly services: Readonly<Record<string, Service>>;
  readonly networks: Readonly<Record<string, { readonly internal?: boolean } | null>>;
  readonly volumes: Readonly<Record<string, unknown>>;
  readonly secrets: Readonly<Record<string, { readonly file: string }>>;
}

/** Path of a file of this project. */
export function projectPath(relative: string): string {
  return fileURLToPath(new URL(`../../${relative}`, import.meta.url));
}

export function readText(relative: string): string {
  return Deno.readTextFileSync(projectPath(relative));
}

/**
 * Reads compose/<name> with its anchors and `<<` resolved. Compose's own tags (!reset, !override) leave their value.
 */
export function readCompose(name: "compose.yaml" | "compose.secure.yaml" | "compose.scale.yaml"): ComposeFile {
  return parse(readText(`compose/${name}`), { merge: true, logLevel: "error" });
}

/** Name of a secret that a service is given. */
export function secretName(secret: NonNullable<Service["secrets"]>[number]): string {
  return typeof secret === "string" ? secret : secret.source;
}

/** Whether a program is on the PATH. */
export function hasProgram(name: string): boolean {
  return (Deno.env.get("PATH") ?? "").split(":").some((folder) => {
    try {
      return Deno.statSync(`${folder}/${name}`).isFile;
    } catch {
      return false;
    }
  });
}

/** Whether the test run may do what needs all permissions: run programs, write files, listen. */
export const allowed = ["run", "write", "net", "env", "read"].every((name) =>
  Deno.permissions.querySync({ name } as Deno.PermissionDescriptor).state === "granted"
);
