import { createReadStream } from "node:fs";
import { createInterface } from "node:readline";
import type { Topology } from "../../src/mod.ts";
import type { AppendBatch, Log } from "../../src/ports/log.ts";

/** Source topics that a topology reads. */
function topicsOf(topology: Topology): string[] {
  return [...new Set(topology.nodes.flatMap((node) => node.op === "source" ? [node.source.topic] : []))];
}

/** Records of the source topics of a topology so far. */
export async function recordsOf(log: Log, topology: Topology): Promise<number> {
  let records = 0;
  for (const topic of topicsOf(topology)) records += (await log.offsets(topic)).end.reduce((sum, end) => sum + end, 0);
  return records;
}

/**
 * A log that stores the snapshot (op r) at once, and keeps the changes after it in a file: in memory they would be
 * measured too.
 */
export async function holdingBack(log: Log, path: string) {
  const file = await Deno.open(path, { write: true, createNew: true });
  const writer = file.writable.getWriter();
  const isSnapshot = (batch: AppendBatch) => batch.records.every((record) => String(record.value).includes('"op":"r"'));
  let held = false;
  return {
    log: {
      ...log,
      topics: (names: readonly string[]) => log.topics(names),
      createTopic: (topic: Parameters<Log["createTopic"]>[0]) => log.createTopic(topic),
      offsets: (topic: string) => log.offsets(topic),
      append: async (batches: readonly AppendBatch[]) => {
        held ||= !batches.every(isSnapshot);
        if (!held) return await log.append(batches);
        await writer.write(new TextEncoder().encode(`${JSON.stringify(batches)}\n`));
        return batches.map(() => 0);
      },
    } as Log,
    /** What was kept of the topology's topics, in order. */
    async *take(topology: Topology): AsyncGenerator<AppendBatch[]> {
      await writer.close();
      const wanted = new Set(topicsOf(topology));
      const lines = createInterface({ input: createReadStream(path) });
      for await (const line of lines) {
        yield (JSON.parse(line) as AppendBatch[]).filter((batch) => wanted.has(batch.topic));
      }
    },
  };
}
