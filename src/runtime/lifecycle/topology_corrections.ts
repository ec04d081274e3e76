import type { Correction } from "../../record/correction.ts";
import type { Corrected } from "../globals/change_reader.ts";
import type { PlaceCorrections } from "../globals/corrections.ts";
import type { Ports } from "../ports.ts";
import { type CorrectionLog, correctionLog, type CorrectionUser } from "./correction_log.ts";
import { type Instance, placeName, type SourceCorrections } from "./instance.ts";
import type { TaskHost } from "./task_host.ts";

const UNKNOWN = "corrections have come of records that it has read, which it reads again";

/** What corrections are read with. */
interface CorrectionParts {
  readonly ports: Pick<Ports, "log" | "clock" | "process">;
  readonly messageBytesMax: number;
  readonly instance: () => Instance;
  readonly restart: (host: TaskHost, reason: string) => void;
}

/**
 * The corrections of the sources of one topology: known before anything is read, and taken by the tasks and standbys
 * that have read the record already when another one comes. Global tables look for themselves.
 */
export class TopologyCorrections implements SourceCorrections {
  readonly #parts: CorrectionParts;
  readonly #log: CorrectionLog;
  readonly #user: CorrectionUser;
  #unlisten: () => void = () => {};
  /** What became of those that are being recorded, by place. */
  readonly #watched = new Map<string, Corrected[]>();

  constructor(parts: CorrectionParts) {
    this.#parts = parts;
    const { ports: { log, clock, process = log }, messageBytesMax, instance } = parts;
    this.#log = correctionLog({ log, clock, process, messageBytesMax });
    this.#user = {
      problem: (problem) => instance().problems.set("corrections", problem),
      failed: (error) => instance().fail(error),
    };
  }

  /** For global tables. */
  get source(): CorrectionLog["source"] {
    return this.#log.source;
  }

  /** Those of a partition of a source, as it is known now. */
  of(topic: string, partition: number): PlaceCorrections {
    return this.source.of({ name: topic, id: this.#idOf(topic) }, partition);
  }

  async start(): Promise<void> {
    this.#unlisten = this.source.listen((correction) => this.#take(correction));
    await this.#log.join(this.#user);
  }

  async stop(): Promise<void> {
    this.#unlisten();
    await this.#log.leave(this.#user);
  }

  begun(hosts: readonly TaskHost[]): void {
    for (const host of hosts) {
      if (host.task!.source.correctBefore(host.positions).includes("unknown")) this.#parts.restart(host, UNKNOWN);
    }
  }

  async record(corrections: readonly Correction[]): Promise<ReadonlyMap<string, readonly Corrected[]>> {
    const became = new Map<string, Corrected[]>(corrections.map((correction) => [placeName(correction), []]));
    for (const [place, list] of became) this.#watched.set(place, list);
    try {
      await this.#log.record(corrections);
    } finally {
      for (const [place, list] of became) if (this.#watched.get(place) === list) this.#watched.delete(place);
    }
    return became;
  }

  #idOf(topic: string): string | null {
    return this.#parts.instance().topics.sources.get(topic)?.id ?? null;
  }

  #take(correction: Correction): void {
    const { hosts, standbys, busy, wake } = this.#parts.instance();
    const { topic, partition, topicId } = correction;
    if (this.#idOf(topic) !== topicId) return;
    const became = this.#watched.get(placeName(correction)) ?? [];
    for (const host of hosts.values()) {
      if (host.partition !== partition || !host.topics.includes(topic)) continue;
      const corrected = host.correct(correction);
      if (corrected === null) continue;
      became.push(corrected);
      if (corrected === "unknown") this.#parts.restart(host, UNKNOWN);
      else busy.add(host);
    }
    for (const standby of standbys.values()) {
      if (standby.partition === partition && standby.topics.includes(topic)) standby.correct(correction);
    }
    wake();
  }
}
