import type { RecordMask } from "../../plan/record_masks.ts";
import { DeserializationError } from "../../record/errors.ts";
import { MASKED } from "../../record/mask.ts";
import { EditError } from "./edited_record.ts";
import { failed, type ReplayRequest, type ReplayResult } from "./replay.ts";

const MAY_QUOTE = `${MASKED}: what was said may quote columns that are masked`;

/** `told`: why without what is masked; null: nothing of it is told. */
export function unreadable(why: string, told: string | null): ReplayResult {
  return failed(`It still cannot be read: ${why}`, `It still cannot be read: ${told ?? MAY_QUOTE}`);
}

/**
 * What cannot be done with a record, or why it cannot be read, as an error says it. In brief nothing is told of what
 * somebody has typed, whatever column it is in. @throws any other error
 */
export function failedBy(
  error: unknown,
  { mask, edit }: Pick<ReplayRequest, "edit"> & { readonly mask: RecordMask | null },
): ReplayResult {
  if (error instanceof DeserializationError) {
    return unreadable(error.message, mask?.error(error, edit === null ? "all" : "columns") ?? null);
  }
  if (!(error instanceof TypeError)) throw error;
  return failed(error.message, error instanceof EditError ? error.brief : MAY_QUOTE);
}
