import { exists, run } from "./artifacts.ts";
import type { StackLayout } from "./layout.ts";

export interface StackSecrets {
  /** Password of PostgreSQL's superuser `postgres`. */
  readonly postgres: string;
  /** Password of the role `debezium`. */
  readonly debezium: string;
  /** Password of the role `postgres_exporter`. */
  readonly exporter: string;
}

/** The stack's passwords: made at random on first use and kept in files that only their owner reads. */
export function stackSecrets(layout: StackLayout): StackSecrets {
  const secrets = {
    postgres: secret(postgresPassword(layout)),
    debezium: secret(`${layout.secrets}/debezium_password`),
    exporter: secret(exporterPassword(layout)),
  };
  // Connect reads this one itself, so that no password is in the connector's configuration.
  const properties = debeziumProperties(layout);
  if (!exists(properties)) {
    Deno.writeTextFileSync(properties, `user=debezium\npassword=${secrets.debezium}\n`, { mode: 0o600 });
  }
  return secrets;
}

export function debeziumProperties(layout: StackLayout): string {
  return `${layout.secrets}/debezium.properties`;
}

export function exporterPassword(layout: StackLayout): string {
  return `${layout.secrets}/postgres_exporter_password`;
}

export function postgresPassword(layout: StackLayout): string {
  return `${layout.secrets}/postgres_password`;
}

/** Lets the user postgres, and nobody else, read a file for as long as `use` takes. */
export async function withReadableSecret<T>(value: string, use: (file: string) => Promise<T>): Promise<T> {
  const file = await Deno.makeTempFile({ prefix: "weir-stack-" });
  try {
    await Deno.writeTextFile(file, value);
    if (Deno.uid() === 0) await run("chown", ["postgres", file]);
    return await use(file);
  } finally {
    await Deno.remove(file);
  }
}

function secret(file: string): string {
  if (!exists(file)) {
    Deno.writeTextFileSync(file, crypto.randomUUID().replaceAll("-", ""), { mode: 0o600 });
  }
  return Deno.readTextFileSync(file);
}
