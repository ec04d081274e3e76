import type { Proof } from "../../src/cli/verify/proof.ts";
import { Badge } from "./badge.tsx";
import { counted, moment } from "./text.ts";

/** What the last comparison of the tables with their source found. */
export function ProofBadge({ proof }: { readonly proof: Proof | null }) {
  if (proof === null) {
    return <Badge tone="quiet">not checked yet: deno task verify</Badge>;
  }
  const when = `checked ${moment(proof.time)}`;
  return proof.equal
    ? (
      <Badge tone="good">
        {counted(proof.rows, "row")} {proof.rows === 1 ? "equals" : "equal"} the source, {when}
      </Badge>
    )
    : <Badge tone="bad">rows DIFFER from the source, {when}</Badge>;
}
