import { stackAddresses } from "../mod.ts";
import type { Stage } from "./stage.ts";

/** The role of compose/init/postgres, which can read, and nothing else. */
const ROLE = "verifier";
const PASSWORD = "reads-only";

/** Lets the role log in; the variables by which the continuous proof does. */
export async function verifierOf(stage: Stage) {
  const { host, port, database } = stackAddresses(stage.options).postgres;
  await stage.sql(`ALTER ROLE ${ROLE} PASSWORD '${PASSWORD}'`);
  return {
    VERIFY_DATABASE_URL: `postgres://${ROLE}@${host}:${port}/${database}`,
    VERIFY_DATABASE_PASSWORD: PASSWORD,
  };
}
