import { z } from "zod";
import { DeserializationError, ProductionError } from "../../record/errors.ts";
import { RequestError } from "./answer.ts";

/** What is answered instead. */
interface Refusal {
  readonly status: number;
  readonly message: string;
}

/**
 * What is thrown while a request is answered, as an answer: {@link RequestError} with its status; 400 for what cannot
 * be asked (`TypeError`, `RangeError`), or be read as what it should be (`SyntaxError`, `URIError`, zod's errors,
 * {@link DeserializationError}); 503 for what ClickHouse or the log has refused. Null for anything else, which is a
 * fault of ours.
 */
export function refusalOf(error: unknown): Refusal | null {
  if (error instanceof RequestError) return error;
  if (error instanceof z.ZodError) return { status: 400, message: z.prettifyError(error) };
  if (error instanceof ProductionError) return { status: 503, message: error.message };
  const asked = ASKED.some((kind) => error instanceof kind);
  return asked ? { status: 400, message: (error as Error).message } : null;
}

const ASKED = [URIError, TypeError, RangeError, SyntaxError, DeserializationError] as const;
