import type { Configuration } from "../config/configuration.ts";
import type { Event } from "./output.ts";

/** The configuration without standbys if it is embedded: nobody else is there to keep them. That is said. */
export function withoutStandbys(configuration: Configuration, tell: (event: Event) => void): Configuration {
  const { kafka, run } = configuration;
  if (kafka !== null || run.standbys === 0) return configuration;
  tell({
    level: "info",
    name: "no standbys",
    text: `WEIR_STANDBYS=${run.standbys} does nothing in embedded mode: standbys are kept by other instances`,
    fields: { standbys: run.standbys },
  });
  return { ...configuration, run: { ...run, standbys: 0 } };
}
