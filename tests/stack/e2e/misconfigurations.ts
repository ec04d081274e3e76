import type { Finding } from "../../../src/cli/doctor/finding.ts";
import { typeStatement } from "./printed_statement.ts";
import type { Stage } from "./stage.ts";
import { runWeir } from "./weir.ts";

/** Kafka's scripts are programs of Java, which start slowly on a busy machine. */
const STATEMENT_MS = 150_000;
const LOOKS_MAX = 30;

/** Something that is wrong, and what doctor must call it. */
export interface Misconfiguration {
  readonly check: string;
  /** Ends the subject that is named. */
  readonly subject: string;
  make(stage: Stage): Promise<unknown>;
}

/** What doctor finds; `topologies`: what else its environment has. */
export async function examine(
  stage: Stage,
  topologies: Readonly<Record<string, string>>,
): Promise<Finding[]> {
  const { settings, layout } = stage;
  const environment = {
    ...settings.environment,
    ...topologies,
    CONNECT_URL: `http://127.0.0.1:${layout.ports.connect}`,
  };
  const { stdout, stderr } = await runWeir(["doctor", "--json"], { ...settings, environment });
  if (stdout.trim() === "") throw new Error(`doctor says nothing: ${stderr}`);
  if (stdout.includes(settings.environment.POSTGRES_PASSWORD)) throw new Error("doctor shows a password");
  return JSON.parse(stdout).findings;
}

function isOf({ check, subject }: Finding, misconfiguration: Misconfiguration): boolean {
  return check === misconfiguration.check && subject.endsWith(misconfiguration.subject);
}

/** Each misconfiguration is named, and the statement that is printed repairs it, to the letter. */
export async function nameAndRepair(
  stage: Stage,
  { misconfigurations, look, complete = () => true }: {
    readonly misconfigurations: readonly Misconfiguration[];
    readonly look: () => Promise<Finding[]>;
    /** Whether all that matters could be looked at. */
    readonly complete?: (found: readonly Finding[]) => boolean;
  },
): Promise<void> {
  const { steps } = stage;
  const repairs = new Map<Misconfiguration, Finding>();
  await steps.step("doctor names each of them", async () => {
    let found = await look();
    for (let again = 0; again < LOOKS_MAX && !complete(found); again++) found = await look();
    for (const misconfiguration of misconfigurations) repairs.set(misconfiguration, named(found, misconfiguration));
    return `${repairs.size} named`;
  });
  for (const [misconfiguration, finding] of repairs) {
    const { check, subject } = misconfiguration;
    await steps.step(`${check} of ${subject}: the statement that is printed repairs it`, async () => {
      await typeStatement(stage, finding.repair!);
      const again = (await look()).filter((found) => isOf(found, misconfiguration));
      if (again.length === 0 || again.some(({ verdict }) => verdict !== "ok")) {
        throw new Error(`After ${finding.repair!.statement}: ${JSON.stringify(again)}`);
      }
    }, { withinMs: STATEMENT_MS });
  }
}

function named(found: readonly Finding[], misconfiguration: Misconfiguration): Finding {
  const all = found.filter((finding) => isOf(finding, misconfiguration));
  const bad = all.find(({ verdict, repair }) => (verdict === "wrong" || verdict === "warning") && repair !== undefined);
  if (bad === undefined) throw new Error(`${misconfiguration.check} is not named: ${JSON.stringify(all)}`);
  return bad;
}
