import { openRegistry, type RegistryOptions } from "../../../src/adapters/schema_registry/registry.ts";
import { openSchemas } from "../../../src/adapters/schema_registry/schemas.ts";
import type { Schemas } from "../../../src/ports/schemas.ts";
import type { SmallRegistry } from "./small_registry.ts";

/** A registry that nobody logs in to. */
export function registryAt(url: string, options: Partial<RegistryOptions> = {}) {
  return openRegistry({ urls: [url], authorization: () => null, tls: () => ({}), timeoutMs: 1_000, ...options });
}

/** Schemas of a small registry, without HTTP. */
export function schemasOf(registry: SmallRegistry): Schemas {
  return openSchemas(registry.direct());
}

/** The registry's form: byte 0, the id, the rest. */
export function encoded(id: number, body: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(5 + body.length);
  new DataView(bytes.buffer).setUint32(1, id);
  bytes.set(body, 5);
  return bytes;
}
