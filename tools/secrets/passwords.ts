import { Buffer } from "node:buffer";
import { createHash, randomBytes } from "node:crypto";

/** One password for each role that logs in anywhere. The file has the same name and nothing but the password in it. */
export const passwordNames = [
  "postgres_password",
  "debezium_password",
  "verifier_password",
  "postgres_exporter_password",
  "weir_writer_password",
  "weir_store_password",
  "weir_proof_password",
  "grafana_reader_password",
  "grafana_admin_password",
  "kafka_broker_password",
  "kafka_admin_password",
  "kafka_debezium_password",
  "kafka_weir_password",
] as const;

export type PasswordName = typeof passwordNames[number];
export type Passwords = Readonly<Record<PasswordName, string>>;

/** 192 random bits in letters and digits, so that no file format, shell or connection string needs an escape. */
export function randomPassword(): string {
  let text = "";
  while (text.length < 33) text += Buffer.from(randomBytes(33)).toString("base64").replaceAll(/[+/=]/g, "");
  return text.slice(0, 33);
}

/** Files that hold passwords in the form in which a service reads them, by name. They follow the passwords. */
export function derivedFiles(passwords: Passwords): Readonly<Record<string, string>> {
  return {
    // Kafka's FileConfigProvider: the connector's configuration names the key, not the value.
    "debezium.properties": properties({
      user: "debezium",
      password: passwords.debezium_password,
      kafka_password: passwords.kafka_debezium_password,
    }),
    "kafka_broker.properties": properties({
      broker_password: passwords.kafka_broker_password,
      admin_password: passwords.kafka_admin_password,
    }),
    "clickhouse_passwords.xml": clickhouseUsers({
      weir_writer: passwords.weir_writer_password,
      weir_proof: passwords.weir_proof_password,
      grafana_reader: passwords.grafana_reader_password,
    }),
  };
}

function properties(values: Record<string, string>): string {
  return Object.entries(values).map(([key, value]) => `${key}=${value}\n`).join("");
}

/** Merged by ClickHouse with the users of init/clickhouse/users.xml. It knows the hashes alone. */
function clickhouseUsers(users: Record<string, string>): string {
  const lines = Object.entries(users).map(([name, password]) => {
    const hash = createHash("sha256").update(password).digest("hex");
    return `    <${name}>\n      <password_sha256_hex>${hash}</password_sha256_hex>\n    </${name}>\n`;
  });
  return `<clickhouse>\n  <users>\n${lines.join("")}  </users>\n</clickhouse>\n`;
}
