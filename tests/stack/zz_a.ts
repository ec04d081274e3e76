import { openKafka } from "../../src/adapters/kafka/kafka_log.ts";
const log = openKafka({ brokers: ["127.0.0.1:9092"], clientId: "bench" });
const topic = "online_store.public.orders";
const what = Deno.args[0];
if (what === "topics") console.log(await log.topics([topic]));
if (what === "read") { const r = log.reader(); r.seek(topic, 0, 0); console.log((await r.poll(1000)).length); await r.close(); }
if (what === "append") { const t = "zz" + Math.random(); await log.createTopic({ name: t, partitions: 1, cleanup: "delete", retentionMs: 1000 }); console.log(await log.append([{ topic: t, partition: 0, records: [{ key: "a", value: "b" }] }])); }
if (what === "join") { const m = await log.join({ group: "zz", tasks: [{ id: "a", partitions: [{ topic, partition: 0 }] }], onAssigned: console.log, onFailed: console.log }); await new Promise(r => setTimeout(r, 2000)); await m.leave(); }
console.time("close"); await log.close(); console.timeEnd("close");
console.time("exit"); addEventListener("unload", () => console.timeEnd("exit"));
