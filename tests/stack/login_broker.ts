import { fetchArtifacts } from "./artifacts.ts";
import { stackLayout } from "./layout.ts";

/** A broker that asks for tokens on one listener and for certificates on another. */
export interface LoginBroker extends AsyncDisposable {
  readonly oauth: string;
  readonly tls: string;
  /** Certificates and keys in PEM: the authority's own, and those of two clients that it knows. */
  readonly ca: string;
  readonly clients: readonly { readonly certificate: string; readonly key: string }[];
}

/** A session of a token ends after so long; clients must log in again. */
export const SESSION_MS = 12_000;
const START_MS = 120_000;
const jvm = ["-Xmx384m", "-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-Xshare:auto"];

/** Starts a broker without ZooKeeper on ports of its own. */
export async function startLoginBroker(): Promise<LoginBroker> {
  const layout = stackLayout();
  await fetchArtifacts(layout, () => {});
  const root = await Deno.makeTempDir({ prefix: "weir-login-kafka-" });
  const { ca, clients } = await makeCertificates(root);
  const [controller, internal, oauth, tls] = freePorts(4);
  await Deno.writeTextFile(`${root}/server.properties`, propertiesOf(root, { controller, internal, oauth, tls }));
  const java = (...args: string[]) =>
    new Deno.Command("java", {
      args: [...jvm, `-Dlog4j.configuration=file:${root}/log4j.properties`, "-cp", `${layout.libs}/kafka/*`, ...args],
      stdin: "null",
      stdout: "piped",
      stderr: "piped",
    });
  await Deno.copyFile(new URL("etc/log4j.properties", import.meta.url), `${root}/log4j.properties`);
  const id = "MkU3OEVBNTcwNTJENDM2Qg";
  const formatted = await java("kafka.tools.StorageTool", "format", "-t", id, "-c", `${root}/server.properties`)
    .output();
  if (!formatted.success) throw new Error(new TextDecoder().decode(formatted.stderr));
  const child = java("kafka.Kafka", `${root}/server.properties`).spawn();
  let log = "";
  for (const stream of [child.stdout, child.stderr]) {
    (async () => {
      for await (const text of stream.pipeThrough(new TextDecoderStream())) log += text;
    })().catch(() => {});
  }
  const address = (port: number) => `127.0.0.1:${port}`;
  const broker: LoginBroker = {
    oauth: address(oauth),
    tls: address(tls),
    ca,
    clients,
    async [Symbol.asyncDispose]() {
      try {
        child.kill("SIGKILL");
      } catch {
        // It has ended by itself.
      }
      await child.status;
      await Deno.remove(root, { recursive: true });
    },
  };
  for (const deadline = Date.now() + START_MS; !log.includes("Kafka Server started");) {
    if (Date.now() > deadline) {
      await broker[Symbol.asyncDispose]();
      throw new Error(`Cannot start Kafka: ${log.slice(-3_000)}`);
    }
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  return broker;
}

interface Ports {
  readonly controller: number;
  readonly internal: number;
  readonly oauth: number;
  readonly tls: number;
}

/** Tokens are JSON Web Tokens without a signature, which Kafka takes where nothing else is configured. */
function propertiesOf(root: string, { controller, internal, oauth, tls }: Ports): string {
  const listeners = `INTERNAL://127.0.0.1:${internal},OAUTH://127.0.0.1:${oauth},TLS://127.0.0.1:${tls}`;
  const module = "org.apache.kafka.common.security.oauthbearer.OAuthBearerLoginModule";
  return [
    "process.roles=broker,controller",
    "node.id=1",
    `controller.quorum.voters=1@127.0.0.1:${controller}`,
    "controller.listener.names=CONTROLLER",
    `listeners=CONTROLLER://127.0.0.1:${controller},${listeners}`,
    `advertised.listeners=${listeners}`,
    "listener.security.protocol.map=CONTROLLER:PLAINTEXT,INTERNAL:PLAINTEXT,OAUTH:SASL_PLAINTEXT,TLS:SSL",
    "inter.broker.listener.name=INTERNAL",
    "sasl.enabled.mechanisms=OAUTHBEARER",
    `listener.name.oauth.oauthbearer.sasl.jaas.config=${module} required unsecuredLoginStringClaim_sub="broker";`,
    `listener.name.oauth.oauthbearer.connections.max.reauth.ms=${SESSION_MS}`,
    "listener.name.tls.ssl.client.auth=required",
    "listener.name.tls.ssl.keystore.type=PEM",
    `listener.name.tls.ssl.keystore.location=${root}/server.pem`,
    "listener.name.tls.ssl.truststore.type=PEM",
    `listener.name.tls.ssl.truststore.location=${root}/ca.crt`,
    `log.dirs=${root}/data`,
    "offsets.topic.replication.factor=1",
    "group.initial.rebalance.delay.ms=0",
    "auto.create.topics.enable=false",
    "",
  ].join("\n");
}

/** An authority, and what it signs for the broker and for two clients. */
async function makeCertificates(root: string): Promise<Pick<LoginBroker, "ca" | "clients">> {
  const key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"];
  await openssl(root, ["req", "-x509", ...key, "-days", "2", "-subj", "/CN=ca", "-keyout", "ca.key", "-out", "ca.crt"]);
  for (const name of ["server", "first", "second"]) {
    await openssl(root, ["req", ...key, "-subj", `/CN=${name}`, "-keyout", `${name}.key`, "-out", `${name}.csr`]);
    await Deno.writeTextFile(`${root}/${name}.ext`, "subjectAltName=IP:127.0.0.1\n");
    const signed = ["-CA", "ca.crt", "-CAkey", "ca.key", "-CAcreateserial", "-days", "2", "-extfile", `${name}.ext`];
    await openssl(root, ["x509", "-req", "-in", `${name}.csr`, ...signed, "-out", `${name}.crt`]);
  }
  const read = (name: string) => Deno.readTextFile(`${root}/${name}`);
  await Deno.writeTextFile(`${root}/server.pem`, await read("server.key") + await read("server.crt"));
  const client = async (name: string) => ({ certificate: await read(`${name}.crt`), key: await read(`${name}.key`) });
  return { ca: await read("ca.crt"), clients: [await client("first"), await client("second")] };
}

async function openssl(cwd: string, args: readonly string[]): Promise<void> {
  const { success, stderr } = await new Deno.Command("openssl", { args: [...args], cwd }).output();
  if (!success) throw new Error(new TextDecoder().decode(stderr));
}

function freePorts(count: number): number[] {
  const listeners = Array.from({ length: count }, () => Deno.listen({ hostname: "127.0.0.1", port: 0 }));
  return listeners.map((listener) => {
    listener.close();
    return (listener.addr as Deno.NetAddr).port;
  });
}
