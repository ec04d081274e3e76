/**
 * For scripts that write records of their own into topics, as `deno task produce` does.
 *
 * @module
 */
export { type Produced, type ProduceOptions, produceRecords } from "./cli/produce/produce_records.ts";
