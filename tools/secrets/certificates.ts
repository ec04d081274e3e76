import { ConfigError } from "../../src/record/errors.ts";

/** Names of the certificates: the authority's own, and that of each server that speaks TLS. */
export const certificateNames = ["ca", "kafka", "clickhouse"] as const;

export type CertificateName = typeof certificateNames[number];

const AUTHORITY_DAYS = 3_650;
const SERVER_DAYS = 825;

/** Files of each certificate. `ca.key` signs the others and is mounted nowhere. */
export const certificateFiles: Readonly<Record<CertificateName, readonly string[]>> = {
  ca: ["ca.key", "ca.crt"],
  // Kafka reads key and certificate from one file.
  kafka: ["kafka.pem"],
  clickhouse: ["clickhouse.key", "clickhouse.crt"],
};

export async function opensslInstalled(): Promise<boolean> {
  try {
    return (await new Deno.Command("openssl", { args: ["version"], stdout: "null", stderr: "null" }).output()).success;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

/**
 * Makes a certificate's files, text by file name. A server's is signed by the authority in `authority`.
 * @throws ConfigError with what openssl says
 */
export async function makeCertificate(
  name: CertificateName,
  authority: { readonly key: string; readonly certificate: string } | null,
): Promise<Readonly<Record<string, string>>> {
  const folder = await Deno.makeTempDir({ prefix: "weir-certificates-" });
  const at = (file: string) => `${folder}/${file}`;
  try {
    await openssl(["genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256", "-out", at("key")]);
    if (authority === null) {
      const extensions = ["basicConstraints=critical,CA:TRUE", "keyUsage=critical,keyCertSign,cRLSign"];
      const subject = ["-subj", "/CN=online-store authority", "-days", String(AUTHORITY_DAYS)];
      await openssl([
        "req",
        "-x509",
        "-new",
        "-key",
        at("key"),
        ...subject,
        ...extensions.flatMap((e) => ["-addext", e]),
        "-out",
        at("crt"),
      ]);
    } else {
      await Deno.writeTextFile(at("ca.key"), authority.key, { mode: 0o600 });
      await Deno.writeTextFile(at("ca.crt"), authority.certificate);
      // Clients inside compose use the service's name, those on this machine localhost.
      const names = `subjectAltName=DNS:${name},DNS:localhost,IP:127.0.0.1`;
      const extensions = [names, "extendedKeyUsage=serverAuth", "basicConstraints=CA:FALSE", ""];
      await Deno.writeTextFile(at("extensions"), extensions.join("\n"));
      await openssl(["req", "-new", "-key", at("key"), "-subj", `/CN=${name}`, "-out", at("request")]);
      const signing = ["-CA", at("ca.crt"), "-CAkey", at("ca.key"), "-CAcreateserial", "-days", String(SERVER_DAYS)];
      await openssl([
        "x509",
        "-req",
        "-in",
        at("request"),
        ...signing,
        "-extfile",
        at("extensions"),
        "-out",
        at("crt"),
      ]);
    }
    const [key, certificate] = await Promise.all([Deno.readTextFile(at("key")), Deno.readTextFile(at("crt"))]);
    const texts = name === "kafka" ? [key + certificate] : [key, certificate];
    return Object.fromEntries(certificateFiles[name].map((file, index) => [file, texts[index]]));
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

async function openssl(args: readonly string[]): Promise<void> {
  const { success, stderr } = await new Deno.Command("openssl", { args: [...args], stdout: "null", stderr: "piped" })
    .output();
  if (success) return;
  throw new ConfigError([`Cannot run "openssl ${args[0]}" to its end: ${new TextDecoder().decode(stderr).trim()}`]);
}
