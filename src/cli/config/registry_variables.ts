import type { z } from "zod";
import type { ReadAgain, TlsTexts } from "./kafka_variables.ts";
import { isPair } from "./key_pair.ts";
import { Secret, withoutPassword } from "./secret.ts";
import { certificateVariable, keyVariable, secretVariable, textVariable, variable } from "./variable.ts";

/** What tells how the schema registry is reached. */
export const registryVariables = {
  SCHEMA_REGISTRY_URL: variable("SCHEMA_REGISTRY_URL", {
    expected: "addresses such as https://registry:8081, separated by commas, without names and passwords",
    read: readUrls,
  }),
  SCHEMA_REGISTRY_USER: textVariable("SCHEMA_REGISTRY_USER"),
  SCHEMA_REGISTRY_PASSWORD: secretVariable("SCHEMA_REGISTRY_PASSWORD"),
  SCHEMA_REGISTRY_TOKEN: secretVariable("SCHEMA_REGISTRY_TOKEN"),
  SCHEMA_REGISTRY_CA: certificateVariable("SCHEMA_REGISTRY_CA"),
  SCHEMA_REGISTRY_CERT: certificateVariable("SCHEMA_REGISTRY_CERT"),
  SCHEMA_REGISTRY_KEY: keyVariable("SCHEMA_REGISTRY_KEY"),
};

/** Those that can be given as `..._FILE`. */
export const REGISTRY_FILE_VARIABLES = [
  "SCHEMA_REGISTRY_PASSWORD",
  "SCHEMA_REGISTRY_TOKEN",
  "SCHEMA_REGISTRY_CA",
  "SCHEMA_REGISTRY_CERT",
  "SCHEMA_REGISTRY_KEY",
] as const;

type RegistryValues = { readonly [N in keyof typeof registryVariables]?: z.output<typeof registryVariables[N]> };

/** How to reach the schema registry. */
export interface RegistryConfiguration {
  readonly urls: readonly string[];
  /** The header that logs in; files are read again at each call. Null: nobody logs in. */
  readonly authorization: () => Secret | null;
  /** Files are read again at each call, as certificates are renewed. */
  readonly tls: () => TlsTexts;
}

/** What the variables say; null if there is no registry. */
export function registryOf(values: RegistryValues, readAgain: ReadAgain): RegistryConfiguration | null {
  const { SCHEMA_REGISTRY_URL: urls, SCHEMA_REGISTRY_USER: user, SCHEMA_REGISTRY_PASSWORD: password } = values;
  const { SCHEMA_REGISTRY_TOKEN: token, SCHEMA_REGISTRY_CA: ca } = values;
  const { SCHEMA_REGISTRY_CERT: certificate, SCHEMA_REGISTRY_KEY: key } = values;
  if (urls === undefined) return null;
  const again = (name: typeof REGISTRY_FILE_VARIABLES[number], secret: Secret) => readAgain(name, secret.reveal());
  let client = certificate !== undefined && key !== undefined ? { certificate, key } : null;
  return {
    urls,
    authorization() {
      if (token !== undefined) return new Secret(`Bearer ${again("SCHEMA_REGISTRY_TOKEN", token)}`);
      if (user === undefined || password === undefined) return null;
      const login = new TextEncoder().encode(`${user}:${again("SCHEMA_REGISTRY_PASSWORD", password)}`);
      return new Secret(`Basic ${login.toBase64()}`);
    },
    tls() {
      if (client !== null) {
        const renewed = {
          certificate: readAgain("SCHEMA_REGISTRY_CERT", client.certificate),
          key: new Secret(again("SCHEMA_REGISTRY_KEY", client.key)),
        };
        // Whoever renews both files writes one of them first.
        if (isPair(renewed.certificate, renewed.key)) client = renewed;
      }
      return {
        ...ca === undefined ? {} : { ca: readAgain("SCHEMA_REGISTRY_CA", ca) },
        ...client === null ? {} : { client },
      };
    },
  };
}

/** What does not go together. `present`: names of all that is set, also of what could not be read. */
export function registryContradictions(
  present: ReadonlySet<string>,
  texts: Readonly<Record<string, string>>,
): string[] {
  const problems: string[] = [];
  const others = [...present].filter((name) => name.startsWith("SCHEMA_REGISTRY_") && name !== "SCHEMA_REGISTRY_URL");
  const has = (name: string) => present.has(`SCHEMA_REGISTRY_${name}`);
  if (!has("URL")) {
    return others.length === 0
      ? []
      : [`Cannot use ${others.join(", ")} without SCHEMA_REGISTRY_URL: it is missing. Set it, or unset the others`];
  }
  if (!present.has("KAFKA_BROKERS")) {
    problems.push(
      "Cannot use SCHEMA_REGISTRY_URL in embedded mode, whose records are JSON: KAFKA_BROKERS is missing. Set it, or " +
        "unset the other",
    );
  }
  for (const [one, other] of [["USER", "PASSWORD"], ["PASSWORD", "USER"], ["CERT", "KEY"], ["KEY", "CERT"]]) {
    if (!has(one) || has(other)) continue;
    const file = other === "USER" ? "" : ` (or SCHEMA_REGISTRY_${other}_FILE)`;
    problems.push(`Cannot use SCHEMA_REGISTRY_${one} alone: SCHEMA_REGISTRY_${other}${file} is missing`);
  }
  if (has("TOKEN") && (has("USER") || has("PASSWORD"))) {
    problems.push("Cannot log in to the schema registry by SCHEMA_REGISTRY_TOKEN and by a password: unset one of them");
  }
  const certificates = ["CA", "CERT", "KEY"].filter(has).map((name) => `SCHEMA_REGISTRY_${name}`);
  if (certificates.length > 0 && texts.SCHEMA_REGISTRY_URL?.split(",").some((url) => url.trim().startsWith("http:"))) {
    problems.push(
      `Cannot use ${certificates.join(" and ")} with an http:// address: certificates are for https. Change ` +
        "SCHEMA_REGISTRY_URL",
    );
  }
  const { SCHEMA_REGISTRY_CERT: own, SCHEMA_REGISTRY_KEY: key } = texts;
  if (own !== undefined && key !== undefined && !isPair(own, new Secret(key))) {
    problems.push(
      "Cannot use SCHEMA_REGISTRY_CERT and SCHEMA_REGISTRY_KEY together: the key is not that of the (first) " +
        "certificate",
    );
  }
  return problems;
}

function readUrls(text: string): readonly string[] | null {
  const urls = text.split(",").map((url) => url.trim());
  const fits = (url: string) =>
    URL.canParse(url) && /^https?:$/.test(new URL(url).protocol) && withoutPassword(url) === url &&
    new URL(url).username === "";
  return urls.every(fits) ? urls : null;
}
