import type { DemoOptions } from "./embedded_world.ts";
import type { World, WorldOptions } from "./world.ts";

/**
 * The configured services, or what stands in for them. Null if it was told to end meanwhile: what cannot be opened then
 * says nothing about why.
 * @throws what {@link openEmbeddedWorld} or {@link openRealWorld} throws
 */
export async function openWorld(options: WorldOptions & { readonly demo: DemoOptions | null }): Promise<World | null> {
  try {
    return options.configuration.kafka === null
      ? await (await import("./embedded_world.ts")).openEmbeddedWorld(options)
      : await (await import("./real_world.ts")).openRealWorld(options);
  } catch (error) {
    if (options.signal.aborted) return null;
    throw error;
  }
}
