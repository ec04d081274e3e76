import { assert, assertEquals } from "@std/assert";
import { ROWS_HIDDEN } from "../../../src/cli/api/answer.ts";
import { serveHttp } from "../../../src/cli/http_server.ts";
import { assertTellsOfNobody, permitted, runMain, startMain, withDirectory } from "../support.ts";
import { ODD_STATUSES, PASSWORD, withShops } from "./explain_instances.ts";

const options = { ignore: !permitted };
const KNOWN = { WEIR_STORE_PASSWORD: PASSWORD };

Deno.test(
  "explain says what to do when nothing runs, or nobody answers",
  options,
  () =>
    withDirectory(async (directory) => {
      await assertTellsOfNobody(["explain", "sales", "1"], directory);
    }),
);

Deno.test(
  "explain prints what became of a key, of whichever instance has it",
  options,
  () =>
    withShops({ count: 2 }, async ([first, second]) => {
      const explain = (...args: string[]) => runMain(["explain", ...args, "--url", first.server.url], KNOWN);
      const listed = await explain();
      assert(/^shop +sold +rows +item_id$/m.test(listed.out), listed.out + listed.err);
      const shown = await explain("sold", "20");
      assertEquals(shown.status, 0, shown.err);
      for (
        const line of [
          /^sold 20 is shown$/,
          /^source +items +"shop\.public\.items" partition [01], offset \d+, 2026-/,
          /^ +items\.order +join +matched +with orders 2: id 2, customer_id null, status new 2$/,
          /^shown +by items-[01], version \d+\.\d+: the same as the state says \(digests equal\)$/,
          /^adds to +revenue 2: items 1, revenue 1\.50$/,
        ]
      ) assert(new RegExp(line.source, "m").test(shown.out), `${line} in\n${shown.out}`);
      const cancelled = await explain("shop", "sold", "60");
      assertEquals([cancelled.status, cancelled.out.includes("because orders 6 is not there")], [0, true]);
      const total = await explain("revenue", "5", "--limit", "2");
      assert(/2 of 5 rows of "revenue-by-order", go on with --after '\[51\]'$/m.test(total.out), total.out);
      const json = await explain("revenue", "5", "--after", "[51]", "--json");
      assertEquals(JSON.parse(json.out).contributors.rows.map(({ key }: { key: { id: number } }) => key.id), [
        52,
        53,
        54,
      ]);
      for (
        const [args, said] of [
          [["soled", "20"], 'Did you mean "sold"?'],
          [["shop", "20"], "it has placed"],
          [["sold"], "deno task explain sold <item_id>"],
        ] as const
      ) {
        const { status, err } = await explain(...args);
        assertEquals([status, err.includes(said)], [2, true], err);
      }
      const wrong = await explain("sold", "x");
      assertEquals([wrong.status, wrong.err.includes('"item_id", which is Int64')], [1, true], wrong.err);
      const unknown = await runMain(["explain", "sold", "20", "--url", first.server.url], {
        WEIR_STORE_PASSWORD: "no",
      });
      assertEquals([unknown.status, unknown.err.includes("in WEIR_STORE_PASSWORD")], [1, true], unknown.err);

      await second.server.close();
      const all = await Promise.all(["10", "20", "30"].map((id) => explain("sold", id)));
      const left = all.find(({ status }) => status === 1);
      assert(left?.out.includes(`Instance ${second.address} has not answered`), left?.out);
      const both = await runMain(["explain", "sold", "20", "--url", `${second.server.url},${first.server.url}`], KNOWN);
      assertEquals(both.out.includes("sold 20 "), true, both.out + both.err);
    }),
);

Deno.test(
  "explain takes the text of a key as it is, whatever else it could be",
  options,
  () =>
    withShops({ count: 1 }, async ([{ server }]) => {
      const explain = (...args: string[]) => runMain(["explain", ...args, "--url", server.url], KNOWN);
      for (const [id, status] of Object.entries(ODD_STATUSES)) {
        const { out, err } = await explain("shop", "by_status", status, "--json");
        assertEquals(err, "", status);
        const { outcome, key, shown } = JSON.parse(out);
        assertEquals([outcome, key, shown.row.order_id], ["shown", { status }, Number(id)]);
      }
      const empty = await explain("by_status", "");
      assert(empty.out.startsWith('by_status "" is shown\n'), empty.out);
      for (const [key, outcome] of [['{"id":1}', "present"], ["[1]", "unknown"], ["..", "unknown"]]) {
        const { out, err } = await explain("orders", key, "--json");
        assertEquals(JSON.parse(out || err).outcome, outcome, key);
      }
      const many = await explain("by_status", "new", "3");
      assertEquals([many.status, many.err.includes("Quote a value")], [2, true], many.err);
      const after = await explain("revenue", "5", "--after", "}{");
      const said = 'Cannot go on behind "}{": give what the last page said, as it is';
      assertEquals([after.status, after.err.includes(said)], [1, true], after.err);
    }),
);

Deno.test(
  "explain asks the embedded instance that runs on the data directory",
  options,
  () =>
    withDirectory(async (directory) => {
      const data = ["--data", directory];
      const run = startMain(["start", "mirror", ...data, "--demo-size", "small", "--port", "0", "--rate", "0"]);
      await run.event(({ event }) => event === "started");
      const { out, err } = await runMain(["explain", "orders", "1", "--json", ...data]);
      const { topology, outcome, key, source, shown } = JSON.parse(out || err);
      assertEquals([topology, outcome, key, source.row.id], ["mirror", "shown", { id: 1 }, 1]);
      assertEquals([shown.digestsEqual, shown.changedByHand, shown.row.total_amount], [
        ...[true, false],
        source.row.total_amount,
      ]);
      run.child.kill("SIGTERM");
      assertEquals((await run.finished).status, 0);
    }),
);

Deno.test("explain asks for no password where contents of rows are hidden from everybody", options, async () => {
  const hidden = new Response(JSON.stringify({ error: ROWS_HIDDEN }), { status: 403 });
  const server = serveHttp({ host: "127.0.0.1", port: 0 }, { "GET /api/explain": () => hidden });
  try {
    const { status, err } = await runMain(["explain", "--url", server.url]);
    assertEquals([status, err.trim()], [1, `Error: ${ROWS_HIDDEN}`]);
  } finally {
    await server.close();
  }
});
