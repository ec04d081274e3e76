import { assertEquals, assertStringIncludes } from "@std/assert";
import { checkClickHouse } from "../../../src/cli/doctor/clickhouse_checks.ts";
import { needsOf } from "../../../src/cli/doctor/needs.ts";

const RIGHTS = ["SELECT", "INSERT", "CREATE TABLE", "CREATE VIEW", "ALTER TABLE", "OPTIMIZE"];

interface Server {
  readonly version?: string;
  readonly user?: string;
  readonly readonly?: "0" | "1" | "2";
  /** Rights that the user has; null: the server does not know CHECK GRANT. */
  readonly rights?: readonly string[] | null;
}

/** What is told of a server that answers so, with the statement that repairs it. */
async function look({ version = "26.7.1.1", user = "weir", readonly = "0", rights = RIGHTS }: Server = {}) {
  const answer = (asked: string): Response => {
    if (asked.includes("version()")) {
      return new Response(`${JSON.stringify({ version, now: String(Date.now()), user, readonly })}\n`);
    }
    const [, right, on] = /^CHECK GRANT (.+) ON (\S+)/.exec(asked.trim()) ?? [];
    if (right === undefined) return new Response(`Code: 62. DB::Exception: ${asked}`, { status: 400 });
    assertEquals(on, "shop.*");
    if (rights === null) return new Response("Code: 62. DB::Exception: Syntax error. (SYNTAX_ERROR)", { status: 400 });
    return new Response(rights.includes(right) ? "1\n" : "0\n");
  };
  const server = Deno.serve(
    { port: 0, hostname: "127.0.0.1", onListen() {} },
    async (request) => answer(`${new URL(request.url).searchParams.get("query") ?? ""}${await request.text()}`),
  );
  try {
    const url = `http://127.0.0.1:${server.addr.port}`;
    const { findings } = await checkClickHouse({ url, database: "shop" }, needsOf([], { generation: 1 }));
    return findings.map(({ check, subject, verdict, text, repair }) =>
      [`${check} ${subject}`, verdict, text].concat(repair === undefined ? [] : [repair.statement])
    );
  } finally {
    await server.shutdown();
  }
}

async function told(server: Server) {
  return (await look(server)).filter(([, verdict]) => verdict !== "ok");
}

Deno.test("checkClickHouse() takes 25.8 and later, and says which version is older", async () => {
  const version = "clickhouse.version ClickHouse";
  assertEquals((await look()).find(([place]) => place === version), [version, "ok", "26.7.1.1"]);
  assertEquals(await told({ version: "25.8.1.1" }), []);
  for (const old of ["25.7.9.9", "24.12.1.1"]) {
    assertEquals(await told({ version: old }), [[version, "wrong", `it is ${old}: Weir needs 25.8 or later`]]);
  }
});

Deno.test("checkClickHouse() says which rights the user lacks, and the statement that gives them", async () => {
  const all = (await look()).filter(([place]) => place.startsWith("clickhouse.rights"));
  assertEquals(all, RIGHTS.map((right) => [`clickhouse.rights ${right} ON shop.*`, "ok", ""]));
  for (const right of RIGHTS) {
    assertEquals(await told({ rights: RIGHTS.filter((other) => other !== right), user: "shop writer" }), [[
      `clickhouse.rights ${right} ON shop.*`,
      "wrong",
      '"shop writer" may not',
      `GRANT ${right} ON shop.* TO \`shop writer\``,
    ]]);
  }
});

Deno.test("checkClickHouse() says why rights are not known", async () => {
  assertEquals(await told({ readonly: "2" }), [
    ["clickhouse.rights weir", "not checked", "ClickHouse tells no rights to a session that may only read"],
  ]);
  const [[place, verdict, text]] = await told({ rights: null });
  assertEquals([place, verdict], ["clickhouse.rights weir", "not checked"]);
  assertStringIncludes(text, "ClickHouse does not tell: ");
});
