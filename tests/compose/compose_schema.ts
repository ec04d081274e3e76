import { Ajv } from "ajv";
import addFormats from "ajv-formats";
import { readText } from "./compose_files.ts";

/** What the Compose Specification's schema has against a file; empty if nothing. */
export function composeProblems(file: unknown): string[] {
  const ajv = new Ajv({ strict: false, allErrors: true });
  (addFormats as unknown as (ajv: Ajv) => void)(ajv);
  const schema = JSON.parse(readText("tests/compose/data/compose-spec.json"));
  // The address of the draft is written with https there, which the validator does not know.
  const validate = ajv.compile({ ...schema, $schema: "http://json-schema.org/draft-07/schema#" });
  return validate(file) ? [] : (validate.errors ?? []).map((error) => ajv.errorsText([error]));
}
