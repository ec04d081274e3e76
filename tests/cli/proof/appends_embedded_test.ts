import { assert, assertEquals } from "@std/assert";
import type { ContinuousProof, SinkProof } from "../../../src/cli/proof/proof_report.ts";
import { permitted, withDirectory } from "../support.ts";
import { altered, ended, untilProof, withStarted } from "./running_proof.ts";

const ROOT = new URL("../../../", import.meta.url).href;
/** The machine may be busy with other things. */
const SOON = { withinMs: 120_000 };

const TOPOLOGY = `
import { clickhouseAppend, topology } from "${ROOT}src/mod.ts";
import { clickstream } from "${ROOT}topologies/online_store/events.ts";

const columns = { user_id: "Int64", at: "DateTime64(6)" } as const;
const orders = clickhouseAppend("ordered", { columns, orderBy: ["at"] });
const passing = clickhouseAppend("passing", { columns, orderBy: ["at"], ttl: "at + INTERVAL 1 DAY" });

export default topology("orders_seen", (builder) => {
  const seen = builder.stream(clickstream).filter(({ type }) => type === "order")
    .mapValues(({ user_id, at }) => ({ user_id, at }));
  seen.to(orders);
  seen.to(passing);
});
`;

Deno.test({
  name: "start compares append tables while events come in: rows that somebody removed, changed or added are named",
  ignore: !permitted,
  fn: () =>
    withDirectory(async (directory) => {
      await Deno.mkdir(`${directory}/topologies`);
      await Deno.writeTextFile(`${directory}/topologies/orders_seen.ts`, TOPOLOGY);
      const place = ["--data", directory, "--topologies", `${directory}/topologies`];
      const small = ["--no-check", "--demo-size", "small", "--port", "0", "--rate", "50"];
      await withStarted([["start", ...place, ...small], {}], async (running, address) => {
        const checked = ({ sinks: [sink] }: ContinuousProof) => sink?.checked !== null && (sink?.rows ?? 0) > 5;
        const { sinks, leftOut } = await untilProof(address, checked, SOON);
        assertEquals(sinks.map(({ sink, how, differing }) => [sink, how, differing]), [["ordered", "ranges", 0]]);
        assertEquals(leftOut.map(({ sink, reason }) => [sink, reason.includes("(ttl)")]), [["passing", true]]);
        const metrics = await (await fetch(`${address}/metrics`)).text();
        const [passing] = leftOut;
        const labels = `topology="orders_seen",sink="passing",reason="${passing.reason}"`;
        assert(metrics.includes(`weir_proof_left_out{${labels}} 1`), metrics);

        const nth = (n: number) =>
          `(_partition, _offset) = (SELECT _partition, _offset FROM ordered_rows ORDER BY 1, 2 LIMIT 1 OFFSET ${n})`;
        await altered(directory, `ALTER TABLE ordered_rows DELETE WHERE ${nth(0)} SETTINGS mutations_sync = 1`);
        await altered(
          directory,
          `ALTER TABLE ordered_rows UPDATE user_id = -1 WHERE ${nth(1)} SETTINGS mutations_sync = 1`,
        );
        await altered(directory, "INSERT INTO ordered_rows (user_id) VALUES (77)");
        const found = await untilProof(address, (proof) => (proof.sinks[0]?.differing ?? 0) >= 3, SOON);
        const [{ keys }] = found.sinks as [SinkProof];
        assertEquals(keys.map(({ kind }) => kind).sort(), ["different", "extra", "missing"]);
        const { columns, key } = keys.find(({ kind }) => kind === "different")!;
        assertEquals(columns.map(({ name, actual }) => [name, actual]), [["user_id", "-1"]]);
        assert(key._source.startsWith("online_store.clickstream"), key._source);
        await running.event(({ event, level }) => event === "proof" && level === "error");
        await ended(running);
      });
    }),
});
