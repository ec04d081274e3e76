import { assert, assertEquals, assertNotEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { createHash, createPrivateKey, X509Certificate } from "node:crypto";
import { ConfigError } from "../../src/record/errors.ts";
import { main } from "../../tools/secrets.ts";
import { makeSecrets } from "../../tools/secrets/make_secrets.ts";
import { passwordNames, randomPassword } from "../../tools/secrets/passwords.ts";
import { allowed, hasProgram, readText } from "./compose_files.ts";

const ignore = !allowed;
const noOpenssl = ignore || !hasProgram("openssl");

async function inFolder(use: (folder: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "weir-secrets-" });
  try {
    await use(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

function filesIn(folder: string): Record<string, string> {
  const names = [...Deno.readDirSync(folder)].map(({ name }) => name).sort();
  return Object.fromEntries(names.map((name) => [name, Deno.readTextFileSync(`${folder}/${name}`)]));
}

Deno.test("randomPassword() is long, different every time, and needs no escape anywhere", () => {
  const passwords = Array.from({ length: 100 }, randomPassword);
  assertEquals(new Set(passwords).size, 100);
  for (const password of passwords) assert(/^[A-Za-z0-9]{33}$/.test(password), password);
});

Deno.test({
  name: "makeSecrets() makes one password for each role, keeps other users out and its files readable for containers",
  ignore,
  fn: () =>
    inFolder(async (folder) => {
      await makeSecrets(folder);
      const files = filesIn(`${folder}/secrets`);
      assertEquals(new Set(passwordNames.map((name) => files[name])).size, passwordNames.length);
      assertEquals(Deno.statSync(`${folder}/secrets`).mode! & 0o777, 0o700);
      for (const name of Object.keys(files)) {
        assertEquals(Deno.statSync(`${folder}/secrets/${name}`).mode! & 0o777, name === "ca.key" ? 0o600 : 0o444, name);
      }
      assertStringIncludes(files["debezium.properties"], `\npassword=${files.debezium_password}\n`);
      const hash = createHash("sha256").update(files.weir_writer_password).digest("hex");
      assertStringIncludes(files["clickhouse_passwords.xml"], `<password_sha256_hex>${hash}</password_sha256_hex>`);
      assert(!files["clickhouse_passwords.xml"].includes(files.weir_writer_password));
      assertStringIncludes(Deno.readTextFileSync(`${folder}/.env`), "SECRETS=./secrets\n");
    }),
});

Deno.test({
  name: "makeSecrets() changes nothing when it runs again, keeps a password that somebody chose, " +
    "and rotates only on demand",
  ignore,
  fn: () =>
    inFolder(async (folder) => {
      await Deno.mkdir(`${folder}/secrets`);
      await Deno.writeTextFile(`${folder}/secrets/grafana_admin_password`, "chosen");
      await Deno.writeTextFile(`${folder}/.env`, "COMPOSE_PROJECT_NAME=mine\n");
      await makeSecrets(folder);
      const first = filesIn(`${folder}/secrets`);
      assertEquals(first.grafana_admin_password, "chosen");
      assertEquals((await makeSecrets(folder)).made, []);
      assertEquals(filesIn(`${folder}/secrets`), first);
      assertStringIncludes(Deno.readTextFileSync(`${folder}/.env`), "COMPOSE_PROJECT_NAME=mine\n");
      const { made } = await makeSecrets(folder, { rotate: ["debezium_password"] });
      assertEquals(made, ["debezium_password"]);
      const second = filesIn(`${folder}/secrets`);
      const changed = Object.keys(first).filter((name) => first[name] !== second[name]);
      assertEquals(changed, ["debezium.properties", "debezium_password"]);
      assertNotEquals(first.debezium_password, second.debezium_password);
    }),
});

Deno.test({
  name: "makeSecrets() refuses an empty password rather than starting a server with it",
  ignore,
  fn: () =>
    inFolder(async (folder) => {
      await Deno.mkdir(`${folder}/secrets`);
      await Deno.writeTextFile(`${folder}/secrets/postgres_password`, "\n");
      await assertRejects(() => makeSecrets(folder), ConfigError, "it is empty");
    }),
});

Deno.test({
  name: `makeSecrets() signs certificates for the servers' names with its own authority${
    noOpenssl ? " (openssl is missing)" : ""
  }`,
  ignore: noOpenssl,
  fn: () =>
    inFolder(async (folder) => {
      assertEquals((await makeSecrets(folder)).tls, true);
      const files = filesIn(`${folder}/secrets`);
      const authority = new X509Certificate(files["ca.crt"]);
      assert(authority.ca && authority.checkIssued(authority));
      for (const [name, text] of [["clickhouse", files["clickhouse.crt"]], ["kafka", files["kafka.pem"]]]) {
        const certificate = new X509Certificate(text.slice(text.indexOf("-----BEGIN CERTIFICATE-----")));
        assert(certificate.verify(authority.publicKey), name);
        assertEquals(certificate.subjectAltName, `DNS:${name}, DNS:localhost, IP Address:127.0.0.1`);
        const days = (Date.parse(certificate.validTo) - Date.now()) / 86_400_000;
        assert(days > 800 && days < 830, String(days));
      }
      // What Kafka reads as one file: the key in PKCS #8, then the certificate.
      assert(files["kafka.pem"].startsWith("-----BEGIN PRIVATE KEY-----"));
      assertEquals(
        createPrivateKey(files["kafka.pem"].split("-----BEGIN CERTIFICATE-----")[0]).asymmetricKeyType,
        "ec",
      );
      // A new authority makes the servers' certificates worthless, so they are made anew with it.
      assertEquals((await makeSecrets(folder, { rotate: ["ca"] })).made, ["ca", "kafka", "clickhouse"]);
      const renewed = new X509Certificate(Deno.readTextFileSync(`${folder}/secrets/clickhouse.crt`));
      assert(renewed.verify(new X509Certificate(Deno.readTextFileSync(`${folder}/secrets/ca.crt`)).publicKey));
    }),
});

Deno.test({
  name: "the secrets tool prints names and no secret, and refuses what it does not know",
  ignore,
  fn: () =>
    inFolder(async (folder) => {
      const printed: string[] = [];
      const { log, warn, error } = console;
      console.log = console.warn = console.error = (...values: unknown[]) => void printed.push(values.join(" "));
      try {
        assertEquals(await main([], folder), 0);
        assertEquals(await main(["--rotate", "weir_writer_password"], folder), 0);
        assertEquals(await main(["--rotate", "nonsense"], folder), 2);
        assertEquals(await main(["weir_writer_password"], folder), 2);
        assertEquals(await main(["--force"], folder), 2);
      } finally {
        Object.assign(console, { log, warn, error });
      }
      const text = printed.join("\n");
      assertStringIncludes(text, "postgres_password");
      for (const secret of passwordNames.map((name) => Deno.readTextFileSync(`${folder}/secrets/${name}`))) {
        assert(!text.includes(secret));
      }
    }),
});

Deno.test("git ignores the secrets, and the image cannot contain them", () => {
  assertStringIncludes(readText(".gitignore"), "compose/secrets/\n");
  assertStringIncludes(readText(".gitignore"), ".env\n");
  const ignored = readText("compose/Dockerfile.dockerignore").split("\n").filter((line) =>
    line !== "" && !line.startsWith("#")
  );
  assertEquals(ignored[0], "*");
  assert(ignored.includes("**/secrets") && ignored.includes("**/.env"));
  assert(!ignored.some((line) => line === "!compose" || line.startsWith("!compose/secrets")));
});
