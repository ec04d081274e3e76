import { assert, assertEquals } from "@std/assert";
import { readCompose } from "./compose_files.ts";
import { computedReach, HEARD, networksOf, type Profile, reachTable } from "./networks.ts";

const plain = readCompose("compose.yaml");
const secure = readCompose("compose.secure.yaml");
const names = Object.keys(plain.services);
/** Networks with a way out: those through which a port is published. */
const outside = Object.entries(plain.networks).filter(([, network]) => network?.internal !== true).map(([name]) =>
  name
);

/** compose.yaml with the networks that compose.secure.yaml gives instead. */
const secured = {
  ...plain,
  services: Object.fromEntries(
    Object.entries(plain.services).map(([name, service]) => [name, {
      ...service,
      networks: secure.services[name]?.networks ?? service.networks,
    }]),
  ),
};

Deno.test("compose files let exactly those reach each other that the table says", () => {
  const sorted = (table: Readonly<Record<string, readonly string[]>>) =>
    Object.fromEntries(names.map((name) => [name, [...table[name]].sort()]));
  for (const [profile, file] of [["plain", plain], ["secure", secured]] as const) {
    assertEquals(sorted(computedReach(file, profile)), sorted(reachTable(profile)), profile);
  }
});

Deno.test("the table keeps apart what compromise of one part must not reach", () => {
  const forbidden: readonly (readonly [from: string, to: string])[] = [
    ["clickhouse", "kafka"],
    ["clickhouse", "debezium"],
    ["clickhouse", "postgres"],
    ["grafana", "kafka"],
    ["grafana", "postgres"],
    ["grafana", "weir"],
    ["grafana", "debezium"],
    ["weir", "postgres"],
    ["weir-proof", "kafka"],
    ["weir-proof", "prometheus"],
    ["kafka", "postgres"],
    ["kafka", "clickhouse"],
    ["postgres-exporter", "kafka"],
    ["prometheus", "postgres"],
    ["prometheus", "zookeeper"],
  ];
  for (const profile of ["plain", "secure"] as Profile[]) {
    const table = reachTable(profile);
    for (const [from, to] of forbidden) {
      assert(!table[from].some((target) => target.startsWith(`${to}:`)), `${profile}: ${from} reaches ${to}`);
    }
    const configurers = names.filter((name) => table[name].includes("debezium:8083"));
    assertEquals(configurers, ["connector-init"]);
    assertEquals(names.filter((name) => table[name].includes("zookeeper:2181")), ["kafka"]);
  }
});

Deno.test("compose.yaml joins each network by those who use it, and lets out services with a port alone", () => {
  const members = (network: string) => names.filter((name) => networksOf(plain, name).includes(network));
  for (const network of Object.keys(plain.networks)) {
    if (outside.includes(network)) assertEquals(members(network), [network.replace(/_port$/, "")]);
    else assert(members(network).length >= 2, `${network} joins nobody`);
  }
  for (const name of names) {
    const published = plain.services[name].ports !== undefined;
    assertEquals(networksOf(plain, name).some((network) => outside.includes(network)), published, name);
  }
});

Deno.test("compose.yaml binds Connect's REST interface to names that exist in the networks of the table alone", () => {
  const { environment, networks, healthcheck } = plain.services.debezium;
  const listeners = environment!.CONNECT_LISTENERS.split(",").map((listener) => new URL(listener));
  const aliases = Object.entries(networks as Record<string, { aliases?: string[] }>)
    .flatMap(([network, { aliases = [] }]) => aliases.map((alias) => [network, alias]));
  assertEquals(aliases, [["configuration", "connect"], ["debezium_port", "connect-port"]]);
  assertEquals(listeners.map(({ hostname }) => hostname), [...aliases.map(([, alias]) => alias), "127.0.0.1"]);
  assertEquals(new Set(listeners.map(({ port }) => port)), new Set(["8083"]));
  assert(healthcheck!.test!.join(" ").includes("http://127.0.0.1:8083/"));
  const rest = HEARD.plain.debezium.find(({ port }) => port === 8083)!;
  assertEquals(rest.networks, aliases.map(([network]) => network));
  assertEquals(plain.services["connector-init"].environment!.CONNECT_URL, "http://connect:8083");
});
