import { DeserializationError } from "../record/errors.ts";
import { readHeaders, type RecordHeaders } from "../record/headers.ts";

/** The headers of a record. @throws DeserializationError `bad_headers` for what no client can have written */
export function headersOf({ headers }: { readonly headers?: Uint8Array }): RecordHeaders {
  try {
    return readHeaders(headers);
  } catch (cause) {
    throw new DeserializationError("bad_headers", `${(cause as Error).message}`, { cause });
  }
}
