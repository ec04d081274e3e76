import { z } from "zod";
import type { Revision } from "../../runtime/runner.ts";
import { json, RequestError } from "../api/answer.ts";
import { readJson } from "../api/read_json.ts";
import type { Routes } from "../http_server.ts";
import type { Standing } from "./prover.ts";
import type { Standings } from "./standing.ts";
import type { ToldProof } from "./told_proof.ts";
import { wordSchema } from "./word_schema.ts";

/** Where the service that compares asks an instance, and tells it. */
export const PROOF_PATH = "/api/proof";

/** Bytes of what it tells: of each sink some keys, with the columns that differ. */
const WORD_BYTES_MAX = 4 * 1024 * 1024;

/** What an instance runs, as the service that compares must know it. */
export interface WhatRuns {
  readonly revision: Revision;
  /** Files in it that need not be in the directory of topologies, as seen from there. */
  readonly imported: readonly string[];
  /** Names of their files, without `.ts`. */
  readonly topologies: readonly string[];
  /** Whether what rows and records hold is shown. */
  readonly shows: boolean;
}

/** What the service is answered to whether all is applied. */
export interface AppliedAnswer {
  readonly applied: boolean;
  /** What any of the instances says is older than the source; null: nothing. */
  readonly excuse: Standing["excuse"];
}

/** Names a program: what other files or another version compute are other rows. */
export function programOf({ weir, topologies }: Revision): string {
  return `${weir} ${topologies}`;
}

/**
 * `GET /api/proof`: what runs; `GET /api/proof/standing/<topology>?program=`, `GET /api/proof/applied/<topology>`: how
 * far it is; `GET /api/proof/brought/<topology>`, `.../topics/<topology>`,
 * `.../records/<topology>?topic=&partition=&from=&to=`: what the log has of its streams; `POST /api/proof`: what the
 * service has found. `told` null: no service compares here.
 */
export function proofRoutes(
  { runs, standings, told }: {
    readonly runs: WhatRuns;
    readonly standings: Pick<Standings, "whoever" | "applied" | "brought" | "topics" | "records" | "withheld">;
    readonly told: ToldProof | null;
  },
): Routes {
  const program = programOf(runs.revision);
  const service = () => {
    if (told === null) throw new RequestError(409, "No service compares here: set WEIR_PROOF=service on all instances");
    return told;
  };
  return {
    [`GET ${PROOF_PATH}`]: () => {
      service();
      return json(runs);
    },
    [`GET ${PROOF_PATH}/standing/*`]: (request) => {
      service();
      const { topology, parameters } = askedOf(request);
      const standing = standings.whoever(topology);
      const isOther = parameters.get("program") !== program;
      return json(isOther ? { ...standing, paused: "the service that compares runs other files" } : standing);
    },
    [`GET ${PROOF_PATH}/applied/*`]: async (request) => {
      service();
      const { topology } = askedOf(request);
      const applied = await standings.applied(topology);
      return json({ applied, excuse: standings.whoever(topology).excuse } satisfies AppliedAnswer);
    },
    [`GET ${PROOF_PATH}/brought/*`]: async (request) => {
      service();
      return json(await standings.brought(askedOf(request).topology));
    },
    [`GET ${PROOF_PATH}/topics/*`]: async (request) => {
      service();
      return json(await standings.topics(askedOf(request).topology));
    },
    [`GET ${PROOF_PATH}/records/*`]: async (request) => {
      service();
      const { topology, parameters } = askedOf(request);
      const reason = standings.withheld(topology, { shows: runs.shows });
      if (reason !== null) throw new RequestError(403, reason);
      const { data: asked } = recordsSchema.safeParse(Object.fromEntries(parameters));
      if (asked === undefined) throw new RequestError(400, "Cannot read records: give topic, partition, from and to");
      return json(await standings.records(topology, asked));
    },
    [`POST ${PROOF_PATH}`]: async (request) => {
      const told = service();
      const { data: word, error } = wordSchema.safeParse(await readJson(request, WORD_BYTES_MAX));
      if (word === undefined) throw new RequestError(400, `Cannot read what the service tells: ${error.message}`);
      if ("report" in word.says && word.program !== program) {
        throw new RequestError(409, "Cannot take what other topology files, or another version of Weir, have computed");
      }
      told.take(word);
      return json({});
    },
  };
}

const offset = z.coerce.number().int().min(0);
const recordsSchema = z.object({ topic: z.string().min(1), partition: offset, from: offset, to: offset });

function askedOf(request: Request): { readonly topology: string; readonly parameters: URLSearchParams } {
  const { pathname, searchParams } = new URL(request.url);
  return { topology: decodeURIComponent(pathname.split("/").at(-1)!), parameters: searchParams };
}
