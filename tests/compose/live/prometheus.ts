import { openPrometheus, type Prometheus } from "../../stack/e2e/prometheus.ts";
import type { Stage } from "./stage.ts";

/** The interface of the stack's Prometheus. */
export function prometheusOf(stage: Stage): Prometheus {
  return openPrometheus({ ports: { prometheus: stage.port(9090) } });
}
