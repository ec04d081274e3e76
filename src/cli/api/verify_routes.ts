import type { Routes } from "../http_server.ts";
import { askOthers } from "../instances/ask_others.ts";
import type { ContinuousProof } from "../proof/proof_report.ts";
import { togetherProved } from "../proof/together.ts";
import { json } from "./answer.ts";
import { ANSWER_MS, othersOf } from "./gathered_state.ts";
import type { Watched } from "./watched.ts";

/**
 * `GET /api/verify`: what the last `verify` on this data directory said, whether one is under way, and what is compared
 * while everything runs, by all instances; `?local=true`: by the instance asked alone, as instances ask each other.
 */
export function verifyRoutes(
  watched: Pick<Watched, "runs" | "status" | "verifying" | "instance" | "password">,
): Routes {
  return {
    "GET /api/verify": async (request) => {
      const { proof, continuous } = watched.status();
      const told = { proof, running: watched.verifying() };
      if (new URL(request.url).searchParams.has("local")) return json({ ...told, continuous });
      const others = await askOthers(othersOf(watched), {
        ...{ path: "/api/verify", parameters: { local: "true" }, password: watched.password, answerMs: ANSWER_MS },
        read: (text) => (JSON.parse(text) as { readonly continuous: ContinuousProof }).continuous,
      });
      const together = togetherProved({ instance: watched.instance(), answer: continuous }, others);
      return json({ ...told, continuous: together, unanswered: others.filter((one) => "problem" in one) });
    },
  };
}
