import { counted } from "../numbers.ts";
import type { Event } from "../start/output.ts";
import { KEYS_NAMED, type SinkProof } from "./proof_report.ts";

/** What was told of a sink. */
interface Told {
  readonly rows: number;
  /** Those of them that have a name. */
  readonly keys: ReadonlySet<string>;
}

/**
 * Says once which sinks differ from the source: again when other rows do, and when all are right. A row that differs,
 * and changes meanwhile, is judged anew, and is not told as right before it was found so. What rows hold is in no log.
 */
export class ToldDifferences {
  /** By name of the sink. */
  readonly #told = new Map<string, Told>();

  /** What there is to say of a sink now; null: nothing new. */
  look(name: string, { topology, sink, differing, doubtful, keys, checked }: SinkProof): Event | null {
    const before = this.#told.get(name);
    const rows = differing + doubtful;
    const fields = { topology, sink, differing };
    if (rows === 0) {
      this.#told.delete(name);
      // Whoever begins anew, or lets another instance compare, has found nothing right.
      if (before === undefined || checked === null) return null;
      return { level: "info", name: "proof", text: `${topology}: ${sink} equals the source again`, fields };
    }
    const named = keys.map(({ key }) => JSON.stringify(key));
    const isNews = before === undefined ? differing > 0 : rows !== before.rows ||
      // One has come for another one that has gone; of many not all are named.
      (rows <= KEYS_NAMED && named.some((key) => !before.keys.has(key)));
    if (!isNews) return null;
    this.#told.set(name, { rows, keys: new Set([...doubtful > 0 ? before?.keys ?? [] : [], ...named]) });
    const verb = rows === 1 ? "differs" : "differ";
    const text = `${topology}: ${counted(rows, "row")} of ${sink} ${verb} from the source: GET /api/verify names ` +
      (rows === 1 ? "it" : "them");
    return { level: "error", name: "proof", text, fields: { ...fields, differing: rows } };
  }

  /** It is not compared any more. */
  forget(name: string): void {
    this.#told.delete(name);
  }
}
