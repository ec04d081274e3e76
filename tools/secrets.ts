/**
 * Makes the passwords and certificates of compose/: `deno task secrets [--rotate [name...]]`.
 *
 * What is there already stays, so running it again changes nothing. `--rotate` makes the named ones anew, without names
 * all of them.
 */
import { parseArgs } from "node:util";
import { fileURLToPath } from "node:url";
import { certificateNames } from "./secrets/certificates.ts";
import { makeSecrets } from "./secrets/make_secrets.ts";
import { passwordNames } from "./secrets/passwords.ts";

const usage = `usage: deno task secrets [--rotate [name...]]
  names: ${[...passwordNames, ...certificateNames].join(", ")}`;

/** How new secrets reach containers that have the old ones. A container keeps the files with which it was started. */
export const APPLY_COMMANDS = [
  "docker compose -f compose/compose.yaml up --detach --force-recreate",
  "docker compose -f compose/compose.yaml exec -T postgres bash /docker-entrypoint-initdb.d/05_passwords.sh",
  "docker compose -f compose/compose.yaml exec -T grafana sh -c " +
  `'grafana cli admin reset-admin-password "$(cat /run/secrets/grafana_admin_password)"'`,
] as const;

const APPLY = `Running containers still have the old ones. To hand over the new ones (in the secure profile with
-f compose/compose.secure.yaml behind the first file):
${APPLY_COMMANDS.map((command) => `  ${command}\n`).join("")}`.trimEnd();

/** Runs the tool on a folder like compose/; the status with which the process ends. */
export async function main(args: readonly string[], compose: string): Promise<number> {
  let parsed: { values: { rotate?: boolean }; positionals: string[] };
  try {
    parsed = parseArgs({ args: [...args], options: { rotate: { type: "boolean" } }, allowPositionals: true });
  } catch (error) {
    console.error(`${(error as Error).message}\n${usage}`);
    return 2;
  }
  const { values: { rotate = false }, positionals } = parsed;
  const known: readonly string[] = [...passwordNames, ...certificateNames];
  const unknown = positionals.filter((name) => !known.includes(name));
  if (unknown.length > 0 || (positionals.length > 0 && !rotate)) {
    console.error(
      unknown.length > 0 ? `Cannot rotate ${unknown.join(", ")}: there is none of this name\n${usage}` : usage,
    );
    return 2;
  }
  const { made, kept, tls } = await makeSecrets(compose, {
    rotate: rotate ? (positionals.length > 0 ? positionals : known) : [],
  });
  // Names only: what is in the files is for the services.
  console.log(
    `${compose}/secrets: ${made.length} made${made.length > 0 ? ` (${made.join(", ")})` : ""}, ${kept.length} kept`,
  );
  if (!tls) console.warn("openssl was not found: there are no certificates, so compose.secure.yaml cannot be used yet");
  if (rotate) console.log(APPLY);
  return 0;
}

if (import.meta.main) {
  Deno.exit(await main(Deno.args, fileURLToPath(new URL("../compose", import.meta.url)).replace(/\/$/, "")));
}
