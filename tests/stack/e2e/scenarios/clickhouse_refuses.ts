import { stackAddresses } from "../../mod.ts";
import { ClickHouseFront, type Refusal, type Refused } from "../clickhouse_front.ts";
import { endSteady } from "../procedures.ts";
import { FLAGSHIPS, type Stage } from "../stage.ts";
import { sleep } from "../steps.ts";
import type { WeirProcess } from "../weir.ts";
import { Writer, writtenText } from "../writer.ts";
import type { Scenario } from "./scenario.ts";

const PER_SECOND = 40;
/** Long enough for several tries of every sink. */
const REFUSED_MS = 4_000;

/** What ClickHouse says, and what Weir tells a person to do. */
interface Case {
  readonly name: string;
  readonly which: Refused;
  readonly refusal: Refusal;
  readonly advice: string;
}

const wrongPassword: Case = {
  name: "the password was changed",
  which: "everything",
  refusal: {
    code: 516,
    codeName: "AUTHENTICATION_FAILED",
    message: "weir: Authentication failed: password is incorrect, or there is no user with such name.",
  },
  advice: "Check user and password",
};

const cases: readonly Case[] = [
  {
    name: "the right to INSERT is taken away",
    which: "inserts",
    refusal: {
      code: 497,
      codeName: "ACCESS_DENIED",
      message: "weir: Not enough privileges. To execute this query, it's necessary to have the grant INSERT(id) ON t",
    },
    advice: "Give the user this right again",
  },
  {
    name: "the disk is full",
    which: "inserts",
    refusal: {
      code: 243,
      codeName: "NOT_ENOUGH_SPACE",
      message: "Cannot reserve 1.00 MiB, not enough space",
    },
    advice: "Free space on ClickHouse's disk",
  },
  {
    name: "an error that no version of ClickHouse has had yet",
    which: "inserts",
    refusal: { code: 2_147, codeName: "NOT_INVENTED_YET", message: "Something new" },
    advice: "",
  },
  wrongPassword,
];

/** ClickHouse refuses for reasons that are no row's fault: everything waits, and nothing is set aside. */
export const clickhouseRefuses: Scenario = {
  title: "ClickHouse refuses: a right, the disk, a password, unknown errors",
  async run(stage) {
    const { steps } = stage;
    const front = new ClickHouseFront(stage.clickhouse);
    try {
      const weir = stage.startWeir(FLAGSHIPS, { CLICKHOUSE_URL: front.url });
      await steps.step("Weir runs", (signal) => weir.ready(signal), { withinMs: 120_000 });
      for (const { name, ...rest } of cases) {
        await steps.step(name, (signal) => refused(stage, { weir, front, ...rest, signal }));
        await steps.step("it is over: no problem is left", async (signal) => {
          front.allow();
          await weir.ready(signal);
        });
        await stage.verify(`after: ${name}`);
      }
      await endSteady(stage, weir);
      await startRefused(stage, front);
    } finally {
      await front.close();
    }
  },
};

/** Nothing is known of a password that never worked: topologies fail, are tried again, and run once it is right. */
async function startRefused(stage: Stage, front: ClickHouseFront): Promise<void> {
  const { steps } = stage;
  const { refusal, which, advice } = wrongPassword;
  front.refuse(refusal, which);
  const weir = stage.startWeir(FLAGSHIPS, { CLICKHOUSE_URL: front.url });
  await steps.step("a start with a wrong password fails, with the reason", async (signal) => {
    const text = await shown(weir, {
      words: FLAGSHIPS.map((name) => `- ${name}: failed: `).concat(refusal.codeName, advice),
      signal,
    });
    return text.split("\n")[1].slice(2);
  });
  await steps.step("it is right: all run by themselves", async (signal) => {
    front.allow();
    await weir.ready(signal);
  });
  await stage.verify("after the refused start");
  await steps.step("Ctrl-C ends it in order", (signal) => weir.end(signal));
}

/** Resolves with what /readyz answers as soon as it has all these words. */
async function shown(
  weir: WeirProcess,
  { words, signal }: { readonly words: readonly string[]; readonly signal: AbortSignal },
): Promise<string> {
  const all = (text: string) => words.every((word) => text.includes(word));
  return await weir.readyzSays(all, { wanted: `all of ${JSON.stringify(words)}`, signal });
}

interface Trial extends Omit<Case, "name"> {
  readonly weir: WeirProcess;
  readonly front: ClickHouseFront;
  readonly signal: AbortSignal;
}

/** The store is written to while every INSERT is refused: the problem is shown, and what was shown stays. */
async function refused(stage: Stage, { weir, front, which, refusal, advice, signal }: Trial): Promise<string> {
  const { options } = stage;
  const { postgres } = stackAddresses(options);
  front.refuse(refusal, which);
  const writer = new Writer({ postgres, perSecond: PER_SECOND, seed: options.seed + refusal.code });
  const words = [`ClickHouse answered ${refusal.code}`, refusal.codeName, refusal.message, advice];
  await shown(weir, { words, signal });
  await sleep(REFUSED_MS);
  const written = await writer.stop();
  const { status } = await weir.readiness();
  const problems = await weir.metric("weir_problems");
  const letters = await weir.metric("weir_dead_letters_total");
  if (status !== 503 || problems === 0 || letters > 0) {
    throw new Error(`/readyz answers ${status}; ${problems} problems, ${letters} dead letters`);
  }
  return `${writtenText(written)}; ${front.refused} statements refused, ${problems} problems shown`;
}
