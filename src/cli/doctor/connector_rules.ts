import type { Needs } from "./needs.ts";

const JSON_CONVERTER = "org.apache.kafka.connect.json.JsonConverter";
const CONFLUENT = "io.confluent.connect";
/** What Apicurio's converters must be told, so that records are of Confluent's form. */
const APICURIO = [["as-confluent", "true"], ["use-id", "contentId"], ["headers.enabled", "false"]] as const;
const HEARTBEAT_MS = "10000";

/** A connector's settings. Some are secret: nothing shows them. */
export type ConnectorSettings = Readonly<Record<string, string>>;

/** Which database a connector reads; null: another one. */
export type Database = "postgres" | "mysql";

export function databaseOf(settings: ConnectorSettings): Database | null {
  const name = settings["connector.class"] ?? "";
  return /mysql|mariadb/i.test(name) ? "mysql" : name === "" || /postgres/i.test(name) ? "postgres" : null;
}

/** What a setting is judged with. */
interface Known {
  readonly settings: ConnectorSettings;
  readonly needs: Needs;
}

/** A setting, what it must be, and what it means if it is not. */
interface Rule {
  readonly check: string;
  /** Of connectors of this database alone. */
  readonly of?: Database;
  readonly setting: string;
  /** Connect's or Debezium's default. */
  readonly absent: string;
  /** What it means depends on this converter, of which nothing is known if the connector does not name it. */
  readonly converter?: "key.converter" | "value.converter";
  readonly good: (value: string, known: Known) => boolean;
  readonly put: string;
  readonly verdict: "warning" | "wrong";
  readonly text: string;
}

export const RULES: readonly Rule[] = [
  {
    check: "keys",
    converter: "key.converter",
    setting: "key.converter.schemas.enable",
    absent: "true",
    good: (value, { settings }) => value === "false" || settings["key.converter"] !== JSON_CONVERTER,
    put: "false",
    verdict: "wrong",
    text: "keys hold the table's schema, so that rows move to other partitions when the table is altered",
  },
  {
    check: "values",
    converter: "value.converter",
    setting: "value.converter.replace.null.with.default",
    absent: "true",
    good: (value, { settings }) => value === "false" || settings["value.converter"] !== JSON_CONVERTER,
    put: "false",
    verdict: "wrong",
    text: "a NULL in a column with a default arrives as the default",
  },
  {
    check: "values",
    converter: "value.converter",
    setting: "value.converter.ignore.default.for.nullables",
    absent: "false",
    good: (value, { settings }) =>
      value === "true" || settings["value.converter"] !== `${CONFLUENT}.avro.AvroConverter`,
    put: "true",
    verdict: "wrong",
    text: "a NULL in a column with a default arrives as the default",
  },
  {
    check: "values",
    converter: "value.converter",
    setting: "value.converter.optional.for.nullables",
    absent: "false",
    good: (value, { settings }) =>
      value === "true" || settings["value.converter"] !== `${CONFLUENT}.protobuf.ProtobufConverter`,
    put: "true",
    verdict: "wrong",
    text: "a NULL arrives as 0, false or the empty text: it is refused",
  },
  ...["key", "value"].flatMap((part) =>
    APICURIO.map(([setting, put]): Rule => ({
      check: "registry_ids",
      setting: `${part}.converter.apicurio.registry.${setting}`,
      absent: "",
      good: (value, { settings }) => value === put || !(settings[`${part}.converter`] ?? "").startsWith("io.apicurio."),
      put,
      verdict: "wrong",
      text: "schemas' ids are in headers, or have eight bytes: Weir reads Confluent's form, byte 0 and four bytes",
    }))
  ),
  {
    check: "decimals",
    converter: "value.converter",
    setting: "decimal.handling.mode",
    absent: "precise",
    good: (value, { settings, needs }) =>
      value === "string" || (value === "precise" && settings["value.converter.schemas.enable"] !== "false") ||
      [...needs.captured.values()].every(({ format }) => format?.decimals === value),
    put: "string",
    verdict: "wrong",
    text:
      "decimals are bytes without their scale, or floats, and sources do not declare it (format): not all can be read",
  },
  {
    check: "times",
    converter: "value.converter",
    setting: "time.precision.mode",
    absent: "adaptive",
    good: (value, { settings }) => value !== "nanoseconds" || settings["value.converter.schemas.enable"] !== "false",
    put: "microseconds",
    verdict: "wrong",
    text: "times are nanoseconds, and no schema says so",
  },
  {
    check: "tombstones",
    setting: "tombstones.on.delete",
    absent: "true",
    good: (value) => value === "true",
    put: "true",
    verdict: "warning",
    text: "compaction never forgets a deleted row, and topics grow with every key that there ever was",
  },
  {
    check: "heartbeat",
    of: "postgres",
    setting: "heartbeat.interval.ms",
    absent: "0",
    good: (value) => Number(value) > 0,
    put: HEARTBEAT_MS,
    verdict: "warning",
    text: "while these tables rest, the slot holds all WAL that others write, until the disk is full",
  },
  {
    check: "heartbeat",
    of: "mysql",
    setting: "heartbeat.interval.ms",
    absent: "0",
    good: (value) => Number(value) > 0,
    put: HEARTBEAT_MS,
    verdict: "warning",
    text:
      "while these tables rest, the connector's position does not move: once its binlog is removed, it cannot go on",
  },
  {
    check: "truncate",
    setting: "skipped.operations",
    absent: "t",
    good: (value) => value.split(",").map((operation) => operation.trim()).includes("t"),
    put: "t",
    verdict: "wrong",
    text: "a TRUNCATE has no key: a compacted topic refuses it, and the connector's task stands still",
  },
  {
    check: "errors",
    setting: "errors.tolerance",
    absent: "none",
    good: (value) => value === "none",
    put: "none",
    verdict: "wrong",
    text: "changes that cannot be written are lost",
  },
];
