import { ConfigError } from "../record/errors.ts";

/** A user of the embedded ClickHouse. */
export interface Account {
  readonly user: string;
  readonly password: string;
}

/** Who may use the embedded ClickHouse of a data directory: Weir itself, and whoever only reads. */
export interface Accounts {
  readonly writer: Account;
  readonly reader: Account;
}

export type Role = keyof Accounts;

const USERS: Readonly<Record<Role, string>> = { writer: "weir", reader: "reader" };
const PASSWORD_BYTES = 32;
/** Read and written by the owner alone. */
const OWNER_ONLY = 0o600;

/** A user's name and the file with its password, for texts: the password itself is never printed. */
export function accountNames(directory: string): Readonly<Record<Role, { readonly user: string; file: string }>> {
  const of = (role: Role) => ({ user: USERS[role], file: passwordFile(directory, role) });
  return { writer: of("writer"), reader: of("reader") };
}

/**
 * The accounts of the data directory, which this process must own. Passwords are random, made at the first start and
 * kept by later ones, so that what was set up with them (Grafana, a client) goes on working. Only the user whose
 * directory it is can read their files.
 * @throws ConfigError when a file cannot be read or written
 */
export async function openAccounts(directory: string): Promise<Accounts> {
  const open = async (role: Role): Promise<Account> => {
    const file = passwordFile(directory, role);
    try {
      return { user: USERS[role], password: await keptPassword(file) ?? await newPassword(file) };
    } catch (error) {
      throw unusable(file, error);
    }
  };
  return { writer: await open("writer"), reader: await open("reader") };
}

/**
 * An account of a data directory on which an instance runs.
 * @throws ConfigError when the password cannot be read: the instance is another user's
 */
export async function runningAccount(directory: string, role: Role): Promise<Account> {
  const file = passwordFile(directory, role);
  try {
    return { user: USERS[role], password: (await Deno.readTextFile(file)).trim() };
  } catch (error) {
    throw unusable(file, error);
  }
}

function passwordFile(directory: string, role: Role): string {
  return `${directory.replace(/\/+$/, "")}/clickhouse_${USERS[role]}_password`;
}

/** Null if there is none yet. A file that others may read is closed to them. */
async function keptPassword(file: string): Promise<string | null> {
  try {
    const { mode } = await Deno.stat(file);
    if (mode !== null && (mode & 0o077) !== 0) await Deno.chmod(file, OWNER_ONLY);
    return (await Deno.readTextFile(file)).trim() || null;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return null;
    throw error;
  }
}

/** Whole or not at all, and at no moment readable by others. */
async function newPassword(file: string): Promise<string> {
  const bytes = crypto.getRandomValues(new Uint8Array(PASSWORD_BYTES));
  const password = bytes.toBase64({ alphabet: "base64url", omitPadding: true });
  const temporary = `${file}.${crypto.randomUUID()}`;
  await Deno.writeTextFile(temporary, `${password}\n`, { createNew: true, mode: OWNER_ONLY });
  await Deno.rename(temporary, file);
  return password;
}

function unusable(file: string, error: unknown): ConfigError {
  const reason = error instanceof Error ? error.message : String(error);
  return new ConfigError([
    `Cannot use "${file}" as the password of the embedded ClickHouse: current value is "${reason}". ` +
    "Run as the user who started it, or use another data directory",
  ], { cause: error });
}
