import { assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { openRegistry } from "../../../src/adapters/schema_registry/registry.ts";
import { ProductionError } from "../../../src/record/errors.ts";
import { ownCertificate } from "../../cli/config/own_certificate.ts";
import { SmallRegistry } from "./small_registry.ts";
import { registryAt } from "./support.ts";

const TEXT = JSON.stringify({ type: "string" });

Deno.test("openRegistry() gives schemas by id with all that they refer to, and the ids of a subject", async () => {
  await using server = new SmallRegistry();
  const inner = server.register("inner", { schema: "inner", schemaType: "PROTOBUF" });
  server.register("middle", {
    schema: "middle",
    schemaType: "PROTOBUF",
    references: [{ name: "inner.proto", subject: "inner", version: 1 }],
  });
  const outer = server.register("a/b.c-value", {
    schema: "outer",
    schemaType: "PROTOBUF",
    references: [{ name: "middle.proto", subject: "middle", version: 1 }],
  });
  server.register("a/b.c-value", { schema: TEXT });
  const registry = registryAt(`${server.url}/apis/ccompat/v7/`);
  const { type, text, references } = (await registry.schema(outer))!;
  assertEquals([type, text, [...references]], ["PROTOBUF", "outer", [
    ["inner.proto", "inner"],
    ["middle.proto", "middle"],
  ]]);
  assertEquals((await registry.schema(4))?.type, "AVRO");
  assertEquals(await registry.idsOf("a/b.c-value"), [outer, 4]);
  server.deleteVersion("a/b.c-value", 1);
  assertEquals(await registry.idsOf("a/b.c-value"), [4]);
  assertEquals(await registry.idsOf("nothing"), []);
  assertEquals([await registry.schema(4_711), inner], [null, 1]);
  registry.close();
});

Deno.test("openRegistry() logs in, and tells a refusal from an outage", async () => {
  await using server = new SmallRegistry();
  server.login = "weir:secret";
  server.token = "abc";
  server.register("s", { schema: TEXT });
  const at = (authorization: string | null) => registryAt(server.url, { authorization: () => authorization });
  for (const authorization of [`Basic ${btoa("weir:secret")}`, "Bearer abc"]) {
    const registry = at(authorization);
    assertEquals((await registry.schema(1))?.text, TEXT);
    registry.close();
  }
  const stranger = at(null);
  const refused = await assertRejects(() => stranger.schema(1), ProductionError);
  assertEquals([refused.retriable, refused.reason], [false, "setup"]);
  assertStringIncludes(refused.message, "it answers 401");
  assertStringIncludes(refused.message, "SCHEMA_REGISTRY_PASSWORD");
  server.login = server.token = null;
  for (const mood of ["down", "broken"] as const) {
    server.mood = mood;
    const failed = await assertRejects(() => stranger.schema(1), ProductionError);
    assertEquals(failed.retriable, true, mood);
  }
  server.mood = "well";
  const elsewhere = registryAt(`${server.url}/wrong/path`);
  const wrong = await assertRejects(() => elsewhere.schema(1), ProductionError);
  assertEquals([wrong.retriable, wrong.reason], [false, "setup"]);
  assertStringIncludes(wrong.message, "Check the path of SCHEMA_REGISTRY_URL");
  elsewhere.close();
  stranger.close();
});

Deno.test("openRegistry() asks the next server when one does not answer", async () => {
  await using server = new SmallRegistry();
  await using hanging = new SmallRegistry();
  server.register("s", { schema: TEXT });
  hanging.mood = "hanging";
  const registry = registryAt("", { urls: ["http://127.0.0.1:1", hanging.url, server.url], timeoutMs: 300 });
  assertEquals((await registry.schema(1))?.text, TEXT);
  const before = hanging.asked.length;
  assertEquals((await registry.schema(1))?.text, TEXT);
  assertEquals(hanging.asked.length, before, "whoever answered is asked first");
  const nobody = registryAt("", { urls: ["http://127.0.0.1:1"] });
  const error = await assertRejects(() => nobody.schema(1), ProductionError);
  assertEquals(error.retriable, true);
  assertStringIncludes(error.message, "Cannot reach the schema registry at http://127.0.0.1:1");
  for (const one of [registry, nobody]) one.close();
});

Deno.test("openRegistry() trusts the authority that it is given, and no server by another", async () => {
  const { certificate, key } = await ownCertificate("localhost", { server: true });
  await using server = new SmallRegistry({ cert: certificate, key });
  server.register("s", { schema: TEXT });
  const urls = [`https://localhost:${server.port}`];
  const options = { urls, authorization: () => null, timeoutMs: 5_000 };
  const stranger = openRegistry({ ...options, tls: () => ({}) });
  const error = await assertRejects(() => stranger.schema(1), ProductionError);
  assertStringIncludes(error.message, "certificate");
  stranger.close();
  const known = openRegistry({ ...options, tls: () => ({ ca: certificate, client: { certificate, key } }) });
  assertEquals((await known.schema(1))?.text, TEXT);
  known.close();
});

Deno.test("openRegistry() reads certificates at its first request, and again when one fails", async () => {
  const { certificate, key } = await ownCertificate("localhost", { server: true });
  await using server = new SmallRegistry({ cert: certificate, key });
  server.register("s", { schema: TEXT });
  const old = await ownCertificate("localhost", { server: true });
  let ca = certificate;
  let read = 0;
  const tls = () => {
    read++;
    return { ca };
  };
  const urls = [`https://localhost:${server.port}`];
  const registry = openRegistry({ urls, authorization: () => null, tls, timeoutMs: 5_000 });
  for (let asked = 0; asked < 5; asked++) await registry.schema(1);
  assertEquals(read, 1, "nothing has failed");
  registry.close();
  ca = old.certificate;
  const outdated = openRegistry({ urls, authorization: () => null, tls, timeoutMs: 5_000 });
  await assertRejects(() => outdated.schema(1), ProductionError, "certificate");
  ca = certificate;
  assertEquals((await outdated.schema(1))?.text, TEXT, "the renewed one is tried at once");
  outdated.close();
});
