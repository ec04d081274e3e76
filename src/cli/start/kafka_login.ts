import { type AwsCredentials, chainedCredentials, mskTokens } from "../../adapters/kafka/msk_token.ts";
import { issuedTokens } from "../../adapters/kafka/oauth_token.ts";
import type { KafkaSasl, KafkaTls } from "../../adapters/kafka/protocol/options.ts";
import type { KafkaLogin, TlsTexts } from "../config/kafka_variables.ts";

/** TLS as the adapter takes it. */
export function tlsOf({ ca, client }: TlsTexts): KafkaTls {
  return { ca, cert: client?.certificate, key: client?.key.reveal() };
}

/** A login as the adapter takes it; tokens of an issuer are kept until they grow old. */
export function saslOf(login: KafkaLogin): KafkaSasl {
  if (login.mechanism === "aws_msk_iam") {
    const { region, keys } = login;
    const credentials = keys === null ? chainedCredentials() : () => Promise.resolve(credentialsOf(keys));
    return { mechanism: "oauthbearer", token: mskTokens({ region, credentials }) };
  }
  if (login.mechanism !== "oauthbearer") return { ...login, password: login.password.reveal() };
  const { mechanism } = login;
  if ("token" in login) return { mechanism, token: () => Promise.resolve(login.token().reveal()) };
  return { mechanism, token: issuedTokens({ ...login.issuer, clientSecret: login.issuer.clientSecret.reveal() }) };
}

function credentialsOf(
  { id, secret, session }: NonNullable<Extract<KafkaLogin, { mechanism: "aws_msk_iam" }>["keys"]>,
): AwsCredentials {
  const sessionToken = session?.reveal();
  return {
    accessKeyId: id,
    secretAccessKey: secret.reveal(),
    ...sessionToken === undefined ? {} : { sessionToken },
  };
}
