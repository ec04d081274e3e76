import { assert, assertEquals, assertRejects } from "@std/assert";
import { readProperties, registerConnector } from "../../compose/debezium/register_connector.ts";
import { ConfigError, LimitError } from "../../src/record/errors.ts";
import { allowed } from "./compose_files.ts";

const ignore = !allowed;
const config = { "connector.class": "x", "slot.name": "a_slot" };

interface Connect {
  readonly url: string;
  /** `METHOD path` of every request so far. */
  readonly requests: string[];
  close(): Promise<void>;
}

/**
 * Kafka Connect's REST interface for one connector: `states` is what its task says, one after the other, the last one
 * for ever.
 */
function serveConnect(answers: { put?: (attempt: number) => number; states: readonly string[] }): Connect {
  const requests: string[] = [];
  let puts = 0;
  let looks = 0;
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, async (request) => {
    const { pathname } = new URL(request.url);
    requests.push(`${request.method} ${pathname}`);
    if (request.method === "PUT") {
      assertEquals(await request.json(), config);
      return new Response("{}", { status: answers.put?.(++puts) ?? 201 });
    }
    if (request.method === "POST") return new Response(null, { status: 204 });
    const state = answers.states[Math.min(looks++, answers.states.length - 1)];
    if (state === "NONE") return new Response("{}", { status: 404 });
    return Response.json({
      connector: { state: "RUNNING" },
      tasks: [{ id: 0, state, trace: "first line\nsecond line" }],
    });
  });
  return { url: `http://127.0.0.1:${server.addr.port}`, requests, close: () => server.shutdown() };
}

function register(
  connect: Connect,
  more: { slotActive?: () => Promise<boolean>; deadlineMs?: number } = {},
): Promise<void> {
  const slotActive = more.slotActive ?? (() => Promise.resolve(true));
  return registerConnector({
    connect: connect.url,
    name: "c",
    config,
    deadlineMs: 10_000,
    pollMs: 1,
    ...more,
    slotActive,
  });
}

Deno.test({
  name: "registerConnector() puts the configuration and waits for connector, task and slot",
  ignore,
  async fn() {
    const connect = serveConnect({ states: ["NONE", "UNASSIGNED", "RUNNING"] });
    let asked = 0;
    await register(connect, { slotActive: () => Promise.resolve(++asked === 3) });
    assertEquals(connect.requests[0], "PUT /connectors/c/config");
    assertEquals(connect.requests.filter((request) => request.startsWith("PUT")).length, 1);
    assertEquals(asked, 3);
    await connect.close();
  },
});

Deno.test({
  name: "registerConnector() tries again while Connect starts or rebalances",
  ignore,
  async fn() {
    const connect = serveConnect({ put: (attempt) => [503, 409, 200][attempt - 1], states: ["RUNNING"] });
    await register(connect);
    assertEquals(connect.requests.filter((request) => request.startsWith("PUT")).length, 3);
    await connect.close();
  },
});

Deno.test({
  name: "registerConnector() restarts a task that has failed",
  ignore,
  async fn() {
    const connect = serveConnect({ states: ["FAILED", "FAILED", "RUNNING"] });
    await register(connect);
    assertEquals(connect.requests.filter((request) => request === "POST /connectors/c/restart").length, 1);
    await connect.close();
  },
});

Deno.test({
  name: "registerConnector() gives up at once on a configuration that is refused, " +
    "and at the deadline with the task's reason",
  ignore,
  async fn() {
    const refusing = serveConnect({ put: () => 400, states: ["NONE"] });
    await assertRejects(() => register(refusing), ConfigError, "answers 400");
    assertEquals(refusing.requests.length, 1);
    const failing = serveConnect({ states: ["FAILED"] });
    const error = await assertRejects(() => register(failing, { deadlineMs: 50 }), LimitError, "task FAILED");
    assert(error.message.includes("first line"));
    const idle = serveConnect({ states: ["RUNNING"] });
    const noSlot = { slotActive: () => Promise.reject(new Error("no server")), deadlineMs: 50 };
    await assertRejects(() => register(idle, noSlot), LimitError, "slot a_slot not active");
    await Promise.all([refusing.close(), failing.close(), idle.close()]);
  },
});

Deno.test("readProperties() reads a file of Java properties", () => {
  assertEquals(readProperties("# a comment\nuser=debezium\npassword=a=b\n\n"), { user: "debezium", password: "a=b" });
});
