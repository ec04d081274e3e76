import { issuedTokens } from "../../adapters/kafka/oauth_token.ts";
import type { KafkaSasl, KafkaTls } from "../../adapters/kafka/protocol/options.ts";
import type { KafkaLogin, TlsTexts } from "../config/kafka_variables.ts";

/** TLS as the adapter takes it. */
export function tlsOf({ ca, client }: TlsTexts): KafkaTls {
  return { ca, cert: client?.certificate, key: client?.key.reveal() };
}

/** A login as the adapter takes it; tokens of an issuer are kept until they grow old. */
export function saslOf(login: KafkaLogin): KafkaSasl {
  if (login.mechanism !== "oauthbearer") return { ...login, password: login.password.reveal() };
  const { mechanism } = login;
  if ("token" in login) return { mechanism, token: () => Promise.resolve(login.token().reveal()) };
  return { mechanism, token: issuedTokens({ ...login.issuer, clientSecret: login.issuer.clientSecret.reveal() }) };
}
