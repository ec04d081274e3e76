import { Buffer } from "node:buffer";
import { ProductionError } from "../../../record/errors.ts";

/** What kafkajs gives to whoever logs in: it sends one message, and hands its answer to the two functions. */
interface LoginParts {
  readonly host: string;
  readonly port: number;
  saslAuthenticate(exchange: {
    readonly request: { encode(): Promise<Buffer> };
    readonly response: { decode(bytes: Buffer): Promise<string>; parse(text: string): Promise<void> };
  }): Promise<void>;
}

const LENGTH_BYTES = 4;

/**
 * Logs in by a token, SASL OAUTHBEARER (RFC 7628, section 3.1), as kafkajs takes an authentication provider. Its own
 * one does not look at the answer, so that a token which the broker refuses would show later, as a connection that
 * ends.
 * @param token asked at every login
 */
export function tokenLogin(token: () => Promise<string>): (parts: LoginParts) => { authenticate(): Promise<void> } {
  return ({ host, port, saslAuthenticate }) => ({
    async authenticate() {
      const message = Buffer.from(`n,,\x01auth=Bearer ${await token()}\x01\x01`);
      const length = Buffer.alloc(LENGTH_BYTES);
      length.writeInt32BE(message.length);
      await saslAuthenticate({
        request: { encode: () => Promise.resolve(Buffer.concat([length, message])) },
        response: {
          // An answer with bytes in it is the refusal, as JSON (section 3.2.2).
          decode: (bytes) => Promise.resolve(bytes.subarray(LENGTH_BYTES).toString()),
          parse: (answer) => answer === "" ? Promise.resolve() : Promise.reject(refusal(`${host}:${port}`, answer)),
        },
      });
    },
  });
}

function refusal(broker: string, answer: string): ProductionError {
  return new ProductionError(
    `Cannot log in to Kafka at "${broker}" by a token: the broker answers ${answer.slice(0, 200)}. Check who issues ` +
      "it, whom it is for, and how long it is valid",
    { retriable: false },
  );
}
