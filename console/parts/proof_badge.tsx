import type { LiveState } from "../api/contract.ts";
import { linkTo } from "../state/address.ts";
import { proofWords } from "../state/proof_words.ts";
import { Badge } from "./badge.tsx";

/** How the tables stand beside their source; where rows differ, a link to which. */
export function ProofBadge({ status }: { readonly status: LiveState["status"] }) {
  const { tone, text } = proofWords(status.continuous, status.proof);
  const badge = <Badge tone={tone}>{text}</Badge>;
  return tone === "bad" ? <a href={linkTo("now")}>{badge}</a> : badge;
}
