import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { Buffer } from "node:buffer";
import { connect } from "../../../src/adapters/clickhouse/connection.ts";
import type { ConnectionOptions } from "../../../src/adapters/clickhouse/connection_options.ts";
import { opensslInstalled } from "../../../tools/secrets/certificates.ts";
import { ownCertificate } from "../../cli/config/own_certificate.ts";
import { permitted } from "../../cli/support.ts";
import { type CertificateServer, certificateServer } from "./certificate_server.ts";

const ignore = !permitted || !await opensslInstalled();
const basic = (login: string) => `Basic ${btoa(login)}`;

interface Case {
  readonly name: string;
  /** Beside the address and the authority to trust. */
  readonly login: Partial<ConnectionOptions>;
  /** Headers that say who asks; none else may. */
  readonly headers: Readonly<Record<string, string>>;
}

const token = () => "a.b.c";
const logins: readonly Case[] = [
  { name: "nothing", login: {}, headers: { authorization: basic("default:") } },
  {
    name: "a password",
    login: { username: "weir", password: "sesame" },
    headers: { authorization: basic("weir:sesame") },
  },
  { name: "a token", login: { token }, headers: { authorization: "Bearer a.b.c" } },
];
const certified: readonly Case[] = [
  {
    name: "a certificate alone",
    login: { username: "weir" },
    headers: { "x-clickhouse-user": "weir", "x-clickhouse-key": "", "x-clickhouse-ssl-certificate-auth": "on" },
  },
  {
    name: "a certificate and a password",
    login: { username: "weir", password: "sesame" },
    headers: { authorization: basic("weir:sesame") },
  },
  { name: "a certificate and a token", login: { token }, headers: { authorization: "Bearer a.b.c" } },
];

/** All that says who asks. */
const WHO = ["authorization", "x-clickhouse-user", "x-clickhouse-key", "x-clickhouse-ssl-certificate-auth"];

Deno.test("connect() logs in once: by password or token, and by its certificate where there is neither", {
  ignore,
}, async (t) => {
  const shown = await ownCertificate("localhost", { server: true });
  const own = await ownCertificate("weir");
  await using server = await certificateServer(shown, { trusted: own.certificate });
  const caCert = Buffer.from(shown.certificate);
  const client = { caCert, cert: Buffer.from(own.certificate), key: Buffer.from(own.key) };
  for (const [tls, cases] of [[{ caCert }, logins], [client, certified]] as const) {
    for (const { name, login, headers } of cases) {
      await t.step(name, async () => {
        const { asked, certificate } = await ask(server, { url: server.url, database: "default", tls, ...login });
        assertEquals(Object.fromEntries(WHO.filter((who) => who in asked).map((who) => [who, asked[who]])), headers);
        assertEquals(certificate, cases === certified ? "CN=weir" : null, "the certificate that TLS showed");
      });
    }
  }
  await t.step("a user and a password in the address", async () => {
    const url = server.url.replace("://", "://weir:sesame@");
    const { asked, certificate } = await ask(server, { url, database: "default", tls: client });
    assertEquals(asked.authorization, basic("weir:sesame"));
    assert(!("x-clickhouse-ssl-certificate-auth" in asked), "two logins");
    assertEquals(certificate, "CN=weir");
  });
});

/** What arrives of an insert and of a question; both must say the same of who asks. */
async function ask(server: CertificateServer, options: ConnectionOptions) {
  const connection = connect(options);
  try {
    const statement = "INSERT INTO t FORMAT JSONEachRow";
    const inserted = server.next({ "X-ClickHouse-Summary": JSON.stringify({ written_rows: "1" }) });
    assertEquals(await connection.insert("insert", { statement, body: new TextEncoder().encode("{}\n") }), 1);
    const selected = server.next({});
    assertEquals(await connection.select("ask", "SELECT 1"), []);
    const [insert, select] = [await inserted, await selected];
    for (const who of WHO) assertEquals(insert.headers[who], select.headers[who], who);
    assertStringIncludes(insert.headers["user-agent"], "weir");
    return { asked: select.headers, certificate: select.certificate };
  } finally {
    await connection.close();
  }
}
