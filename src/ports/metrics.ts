export type Labels = Readonly<Record<string, string>>;

/** Where the runtime reports what it does. Names, types and units: `src/runtime/metric_names.ts`. */
export interface Metrics {
  count(name: string, labels: Labels, value?: number): void;
  gauge(name: string, labels: Labels, value: number): void;
  /** Seconds, bytes or rows, as the name's unit says. */
  observe(name: string, labels: Labels, value: number): void;
}
