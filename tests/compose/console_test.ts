import { assert, assertEquals } from "@std/assert";
import { readCompose, secretName } from "./compose_files.ts";

const compose = readCompose("compose.yaml");
const scale = readCompose("compose.scale.yaml");

Deno.test("the console is bound to this machine, and asks for a password of its own", () => {
  for (const { services: { weir } } of [compose, scale]) {
    for (const port of weir.ports ?? []) assert(String(port).startsWith("127.0.0.1:"), String(port));
  }
  const { environment, secrets = [] } = compose.services.weir;
  assertEquals(environment?.WEIR_STORE_PASSWORD_FILE, "/run/secrets/weir_store_password");
  assert(secrets.map(secretName).includes("weir_store_password"));
});
