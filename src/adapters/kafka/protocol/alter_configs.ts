import { encoded, type ProtocolRequest } from "./kafkajs_internals.ts";
import { WireReader, WireWriter } from "./wire.ts";

/**
 * IncrementalAlterConfigs, version 0 (Kafka 2.3 and later). By hand: kafkajs has only AlterConfigs, which takes every
 * setting back that it does not name. https://kafka.apache.org/protocol#The_Messages_IncrementalAlterConfigs
 */

export interface AlteredConfigs {
  readonly errorCode: number;
  /** The broker's explanation, if it gives one. */
  readonly message: string | null;
}

const API_KEY = 44;
const VERSION = 0;
const TOPIC_RESOURCE = 2;
const SET = 0;

/** Sets these settings of one topic. For the controller. */
export function alterConfigsRequest(
  topic: string,
  config: Readonly<Record<string, string>>,
): ProtocolRequest<AlteredConfigs> {
  return {
    request: {
      apiKey: API_KEY,
      apiVersion: VERSION,
      apiName: "IncrementalAlterConfigs",
      encode: () => Promise.resolve(encoded(encode(topic, config))),
    },
    response: {
      decode: (payload) => Promise.resolve(decode(payload)),
      parse: (altered) => Promise.resolve(altered),
    },
  };
}

function encode(topic: string, config: Readonly<Record<string, string>>): Uint8Array {
  const writer = new WireWriter().int32(1).int8(TOPIC_RESOURCE).string(topic);
  return writer.array(Object.entries(config), ([name, value]) => writer.string(name).int8(SET).string(value))
    .int8(0) // not only validated
    .finish();
}

function decode(payload: Uint8Array): AlteredConfigs {
  const reader = new WireReader(payload);
  reader.int32(); // throttle time
  const [answer] = reader.array(() => {
    const altered = { errorCode: reader.int16(), message: reader.string() };
    reader.int8(); // type and name of the resource
    reader.string();
    return altered;
  });
  return answer;
}
