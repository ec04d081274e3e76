import kafkajs from "kafkajs";
import { stopTimerSpin } from "../../../../src/adapters/kafka/protocol/timer_spin.ts";
import { docker } from "../engine.ts";
import { verify, weirEnvironment } from "../proof.ts";
import type { Stage } from "../stage.ts";
import { changeStore } from "../store.ts";
import type { Scenario } from "./scenario.ts";

const CHANGE_MS_MAX = 6 * 60_000;
const LOGIN_MS_MAX = 5_000;

/** TLS, users and rights are switched on under a running stack. */
export const toSecure: Scenario = {
  title: "from plain to secure",
  async run(stage) {
    const { steps } = stage;
    await changeStore(stage);
    await steps.step("compose.secure.yaml goes on top", (signal) => stage.up({ profile: "secure" }, [], signal), {
      withinMs: CHANGE_MS_MAX,
    });
    await steps.step("Kafka lets nobody in without TLS and a password", () => refusesPlain(stage));
    await steps.step("Kafka's own tools log in with the file that is mounted for them", async () => {
      const [{ id }] = await stage.of("kafka");
      const config = ["--command-config", "/opt/online-store/admin.properties"];
      const tool = ["kafka-topics", "--bootstrap-server", "kafka:29092", ...config, "--list"];
      const topics = await docker(["exec", id, ...tool], { signal: stage.options.signal });
      if (!topics.includes("online_store.public.orders")) throw new Error(topics);
    });
    await verify(stage, "in the secure profile");
    await changeStore(stage);
    await verify(stage, "after changes");
  },
};

/** And off again. */
export const toPlain: Scenario = {
  title: "from secure back to plain",
  async run(stage) {
    const { steps } = stage;
    await changeStore(stage);
    await steps.step("compose.yaml alone", (signal) => stage.up({ profile: "plain" }, [], signal), {
      withinMs: CHANGE_MS_MAX,
    });
    await steps.step("Connect has kept no setting of the secure profile", async () => {
      const [{ id }] = await stage.of("debezium");
      const file = "/kafka/config/connect-distributed.properties";
      const settings = await docker(["exec", id, "cat", file], { signal: stage.options.signal });
      const left = settings.split("\n").filter((line) => /^[^#]*(sasl|ssl|SASL_SSL)/.test(line));
      if (left.length > 0) throw new Error(left.map((line) => line.split("=")[0]).join(", "));
    });
    await verify(stage, "in the plain profile again");
    await changeStore(stage);
    await verify(stage, "after changes");
  },
};

async function refusesPlain(stage: Stage): Promise<void> {
  const { KAFKA_BROKERS } = weirEnvironment(stage);
  const ca = stage.secret("ca.crt");
  // One for each client: kafkajs keeps the login of the first client in the object that it is given.
  const login = (password: string) => ({
    ssl: { ca: [ca] },
    sasl: { mechanism: "scram-sha-512", username: "weir", password },
  });
  stopTimerSpin();
  const connects = async (more: object) => {
    const admin = new kafkajs.Kafka({
      brokers: [KAFKA_BROKERS],
      logLevel: kafkajs.logLevel.NOTHING,
      connectionTimeout: LOGIN_MS_MAX,
      requestTimeout: LOGIN_MS_MAX,
      retry: { retries: 0 },
      ...more,
    }).admin();
    try {
      await admin.connect();
      await admin.listTopics();
      return true;
    } catch {
      return false;
    } finally {
      await admin.disconnect().catch(() => {});
    }
  };
  if (!await connects(login(stage.secret("kafka_weir_password")))) throw new Error("the right login is refused");
  if (await connects({})) throw new Error("a client without TLS and password is let in");
  if (await connects({ ssl: { ca: [ca] } })) throw new Error("a client without a password is let in");
  if (await connects(login("wrong"))) throw new Error("a client with a wrong password is let in");
}
