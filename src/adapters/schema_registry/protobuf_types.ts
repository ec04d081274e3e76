import type { ConnectField } from "../../record/connect_field.ts";
import protobuf from "protobufjs";
import { bytesText } from "./codec.ts";

/** How a message that stands for one value becomes JSON. */
interface Meaning {
  readonly field: ConnectField;
  readonly text: (message: never) => string;
}

/** Files that Confluent's converter imports and a registry does not hold, as far as values need them. */
const FILES: Readonly<Record<string, string>> = {
  // Options alone, which are passed over.
  "confluent/meta.proto": 'syntax = "proto3"; package confluent;',
  "google/protobuf/descriptor.proto": 'syntax = "proto2"; package google.protobuf;',
  "confluent/type/decimal.proto": 'syntax = "proto3"; package confluent.type; ' +
    "message Decimal { bytes value = 1; uint32 precision = 2; int32 scale = 3; }",
  "google/type/date.proto":
    'syntax = "proto3"; package google.type; message Date { int32 year = 1; int32 month = 2; int32 day = 3; }',
  "google/type/timeofday.proto": 'syntax = "proto3"; package google.type; ' +
    "message TimeOfDay { int32 hours = 1; int32 minutes = 2; int32 seconds = 3; int32 nanos = 4; }",
};

/** Adds a file that everybody knows. @throws TypeError if nobody does */
export function knownFile(name: string, root: protobuf.Root): void {
  const common = protobuf.common.get(name);
  if (common?.nested) root.addJSON(common.nested);
  else if (FILES[name] !== undefined) protobuf.parse(FILES[name], root, { keepCase: true });
  else throw new TypeError(`the registry names no schema for its import "${name}"`);
}

type Numbers = Readonly<Record<string, unknown>>;

/** An integer of a message, which protobufjs gives as a number or a Long. */
function integerOf(message: Numbers, name: string): bigint {
  return Object.hasOwn(message, name) ? BigInt(String(message[name])) : 0n;
}

const MEANINGS: Readonly<Record<string, Meaning>> = {
  ".google.protobuf.Timestamp": {
    field: { type: "int64", name: "io.debezium.time.MicroTimestamp" },
    text: (message: Numbers) =>
      String(integerOf(message, "seconds") * 1_000_000n + integerOf(message, "nanos") / 1_000n),
  },
  ".confluent.type.Decimal": {
    field: { type: "struct", name: "io.debezium.data.VariableScaleDecimal" },
    text: (message: Numbers) => {
      const value = Object.hasOwn(message, "value") ? message.value as Uint8Array : new Uint8Array(1);
      return `{"scale":${integerOf(message, "scale")},"value":${bytesText(value)}}`;
    },
  },
  ".google.type.Date": {
    field: { type: "int32", name: "org.apache.kafka.connect.data.Date" },
    text(message: Numbers) {
      const [year, month, day] = ["year", "month", "day"].map((name) => Number(integerOf(message, name)));
      const date = new Date(0);
      date.setUTCFullYear(year, month - 1, day);
      return String(date.getTime() / 86_400_000);
    },
  },
  ".google.type.TimeOfDay": {
    field: { type: "int64", name: "io.debezium.time.MicroTime" },
    text(message: Numbers) {
      const [hours, minutes, seconds, nanos] = ["hours", "minutes", "seconds", "nanos"].map((name) =>
        integerOf(message, name)
      );
      return String(((hours * 60n + minutes) * 60n + seconds) * 1_000_000n + nanos / 1_000n);
    },
  },
};

/** What a message type of this full name stands for; null for any other. */
export function meaningOf(fullName: string): Meaning | null {
  return Object.hasOwn(MEANINGS, fullName) ? MEANINGS[fullName] : null;
}
