import type { KStream } from "../../src/mod.ts";
declare const a: KStream<{ id: number }, { x: number; y: string }>;
const b: KStream<unknown, { x: unknown }> = a;
const c: KStream<unknown, { x: number }> = a;
const d: KStream<{ id: number }, { x: unknown }> = a;
const e: KStream<{ id: number } | null, { x: number; y: string } | null> = a;
console.log(b, c, d, e);
