import { ConfigError } from "../../src/record/errors.ts";
import {
  certificateFiles,
  type CertificateName,
  certificateNames,
  makeCertificate,
  opensslInstalled,
} from "./certificates.ts";
import { derivedFiles, passwordNames, type Passwords, randomPassword } from "./passwords.ts";

export interface MakeSecretsOptions {
  /**
   * Passwords and certificates to make anew although they are there. A new authority makes new certificates of the
   * servers.
   */
  readonly rotate?: readonly string[];
  /** Makes one password. */
  readonly password?: (name: string) => string;
}

export interface SecretsMade {
  readonly made: readonly string[];
  readonly kept: readonly string[];
  /** Whether there are certificates; they need openssl. */
  readonly tls: boolean;
}

/**
 * The folder keeps other users of this machine out, its files do not: inside a container the service runs under an id
 * of its own, which must be able to read the file that is mounted. Each container sees only the files that are its own.
 */
const FOLDER_MODE = 0o700;
const MOUNTED_MODE = 0o444;
const PRIVATE_MODE = 0o600;

/**
 * Fills `<compose>/secrets` and writes `<compose>/.env`, by which Compose finds it. Keeps what is there.
 * @throws ConfigError when a file is empty, which is never what somebody wanted
 */
export async function makeSecrets(compose: string, options: MakeSecretsOptions = {}): Promise<SecretsMade> {
  const { rotate = [], password = randomPassword } = options;
  const folder = `${compose}/secrets`;
  await Deno.mkdir(folder, { recursive: true });
  await Deno.chmod(folder, FOLDER_MODE);
  const made: string[] = [];
  const kept: string[] = [];
  const passwords: Record<string, string> = {};
  for (const name of passwordNames) {
    const there = await read(`${folder}/${name}`);
    if (there !== null && there.trim() === "") {
      const problem = `Cannot use "${folder}/${name}" as a password: it is empty. Delete it, and run this again`;
      throw new ConfigError([problem]);
    }
    const keep = there !== null && !rotate.includes(name);
    (keep ? kept : made).push(name);
    passwords[name] = keep ? there.trim() : password(name);
    await write(`${folder}/${name}`, passwords[name]);
  }
  for (const [name, text] of Object.entries(derivedFiles(passwords as Passwords))) {
    await write(`${folder}/${name}`, text);
  }
  const tls = await opensslInstalled();
  if (tls) await makeCertificates(folder, { rotate, made, kept });
  await writeEnvironment(compose, tls ? ["CERTIFICATES=./secrets"] : []);
  return { made, kept, tls };
}

async function makeCertificates(
  folder: string,
  { rotate, made, kept }: { rotate: readonly string[]; made: string[]; kept: string[] },
): Promise<void> {
  for (const name of certificateNames) {
    const there = (await Promise.all(certificateFiles[name].map((file) => read(`${folder}/${file}`)))).every((text) =>
      text !== null
    );
    if (there && !rotate.includes(name) && !(name !== "ca" && made.includes("ca"))) {
      kept.push(name);
      continue;
    }
    for (const [file, text] of Object.entries(await makeCertificate(name, await authorityFor(name, folder)))) {
      await write(`${folder}/${file}`, text);
    }
    made.push(name);
  }
}

async function authorityFor(name: CertificateName, folder: string) {
  if (name === "ca") return null;
  return { key: await Deno.readTextFile(`${folder}/ca.key`), certificate: await Deno.readTextFile(`${folder}/ca.crt`) };
}

/** Without this file `docker compose` stops at once and says what to run. */
async function writeEnvironment(compose: string, certificates: readonly string[]): Promise<void> {
  const lines = ["# Written by: deno task secrets", "SECRETS=./secrets", ...certificates];
  const own = /^(# Written by: deno task secrets|SECRETS=.*|CERTIFICATES=.*)$/;
  const rest = (await read(`${compose}/.env`) ?? "").split("\n").filter((line) => line !== "" && !own.test(line));
  await Deno.writeTextFile(`${compose}/.env`, [...lines, ...rest, ""].join("\n"));
}

/** Writes a file unless it holds just that; its mode is set in any case. */
async function write(path: string, text: string): Promise<void> {
  const mode = path.endsWith("/ca.key") ? PRIVATE_MODE : MOUNTED_MODE;
  if (await read(path) !== text) {
    // A new file: the old one is read-only.
    const fresh = `${path}.new`;
    await Deno.remove(fresh).catch(() => {});
    await Deno.writeTextFile(fresh, text, { mode: PRIVATE_MODE });
    await Deno.rename(fresh, path);
  }
  await Deno.chmod(path, mode);
}

async function read(path: string): Promise<string | null> {
  try {
    return await Deno.readTextFile(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return null;
    throw error;
  }
}
