import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { openEmbeddedLog } from "../../src/adapters/embedded_log/log.ts";
import { systemClock } from "../../src/adapters/local/system_clock.ts";
import { type DemoStore, openDemoStore, readDemoStore, TABLES, topicOf } from "../../src/demo/mod.ts";
import type { AppendBatch, Log } from "../../src/ports/log.ts";
import { ConfigError, ProductionError } from "../../src/record/errors.ts";
import { assertSameRows, type Envelope, fold, inDirectory, manualClock, readAll, SMALL, truthOf } from "./support.ts";

type Fault = "refused" | "stored, not acknowledged" | null;

/** The log with a fault at some appends: `fault` is asked at each. */
function faulty(log: Log, fault: (batches: readonly AppendBatch[]) => { what: Fault; retriable: boolean }): Log {
  return {
    ...log,
    async append(batches) {
      const { what, retriable } = fault(batches);
      if (what === "refused") throw new ProductionError("refused", { retriable });
      const offsets = await log.append(batches);
      if (what !== null) throw new ProductionError("not acknowledged", { retriable });
      return offsets;
    },
  };
}

/** Opens a store over a memory log, with its topics, and closes both afterwards. */
function withStore(
  test: (open: (log?: Log) => DemoStore, log: ReturnType<typeof openEmbeddedLog>) => Promise<void>,
): Promise<void> {
  return inDirectory(async (directory) => {
    const log = openEmbeddedLog({ path: ":memory:" });
    const clock = manualClock();
    await test(
      (used = log) => openDemoStore({ path: `${directory}/store.db`, log: used, clock, seed: 9, sizes: SMALL }),
      log,
    );
    await log.close();
  });
}

Deno.test("DemoStore.snapshot() sends every row once, in the connector's order, and reports progress", () =>
  withStore(async (open, log) => {
    const store = open();
    await store.createTopics();
    const progress: [number, number][] = [];
    await store.snapshot((rows, total) => progress.push([rows, total]));
    await store.snapshot();
    const sent = (await readAll(log)).map((record) => JSON.parse(record.value!) as Envelope);
    const total = Object.values(store.counts()).reduce((sum, count) => sum + count, 0);
    assertEquals(progress.at(-1), [total, total]);
    assertEquals(sent.length, total);
    sent.sort((left, right) => left.ts_us - right.ts_us);
    assertEquals([...new Set(sent.map((envelope) => envelope.source.table))], TABLES);
    const markers = sent.map((envelope) => envelope.source.snapshot).filter((marker) => marker !== "true");
    const between = ["last_in_data_collection", "first_in_data_collection"];
    assertEquals(markers, ["first", ...between, ...between, ...between, ...between, "last"]);
    assertSameRows(fold(await readAll(log)), truthOf(store));
    assertEquals(store.lastChangeMs, null);
    store.close();
  }));

Deno.test("DemoStore.snapshot() starts again from zero after an interruption at any append", () =>
  withStore(async (open, log) => {
    for (const what of ["refused", "stored, not acknowledged"] as const) {
      for (let failing = 1; failing <= 5; failing++) {
        let appends = 0;
        const store = open(faulty(log, () => ({ what: ++appends === failing ? what : null, retriable: false })));
        await store.createTopics();
        await assertRejects(() => store.snapshot(), ProductionError);
        await assertRejects(() => store.write(1), TypeError, "snapshot()");
        store.close();
      }
    }
    const store = open();
    await store.snapshot();
    await store.write(500);
    const records = await readAll(log);
    assertSameRows(fold(records), truthOf(store));
    const firsts = records.filter((record) => record.value?.includes('"snapshot":"first"'));
    assert(firsts.length > 1, "the first row was sent again");
    store.close();
  }));

Deno.test("DemoStore.snapshot() repeats itself when the topics were emptied, and does not touch others' topics", () =>
  withStore(async (open, log) => {
    let store = open();
    await assertRejects(() => store.snapshot(), ConfigError, "is missing");
    await store.createTopics();
    await log.append([{ topic: topicOf("users"), partition: 0, records: [{ key: '{"id":1}', value: null }] }]);
    const refused = await assertRejects(() => store.snapshot(), ConfigError, "Cannot fill");
    assertEquals((refused as ConfigError).problems.length, 1);
    await log.deleteTopic(topicOf("users"));
    await store.createTopics();
    await store.snapshot();
    await store.write(300);
    store.close();

    for (const table of TABLES) await log.deleteTopic(topicOf(table));
    store = open();
    await store.createTopics();
    await store.snapshot();
    assertSameRows(fold(await readAll(log)), truthOf(store));
    store.close();
  }));

Deno.test("DemoStore.write() loses nothing and repeats what was not acknowledged when it stops at any append", () =>
  withStore(async (open, log) => {
    let store = open();
    await store.createTopics();
    await store.snapshot();
    store.close();
    let repeated = 0;
    for (let failing = 1; failing <= 6; failing++) {
      const what = failing % 2 === 0 ? "refused" : "stored, not acknowledged";
      let appends = 0;
      store = open(faulty(log, () => ({ what: ++appends === failing ? what : null, retriable: false })));
      const before = store.changesWritten();
      await assertRejects(() => store.write(20_000), ProductionError);
      assert(store.changesWritten() > before);
      store.close();

      store = open();
      const unsent = (await readAll(log)).length;
      await store.flush();
      const records = await readAll(log);
      assert(records.length > unsent, "the outbox was sent after the restart");
      assertSameRows(fold(records), truthOf(store));
      const values = records.filter((record) => record.value !== null).map((record) => record.value);
      repeated = values.length - new Set(values).size;
      store.close();
    }
    assert(repeated > 0, "records that had been stored without acknowledgement were sent again, identical");
  }));

Deno.test("DemoStore.run() waits while the log is away, and ends with what it could not send in the outbox", () =>
  withStore(async (open, log) => {
    let away = false;
    let refused = 0;
    const stop = new AbortController();
    const store = open(faulty(log, () => {
      if (away && ++refused === 4) away = false;
      return { what: away ? "refused" : null, retriable: true };
    }));
    await store.createTopics();
    await store.snapshot();
    away = true;
    await store.write(100);
    assertEquals(refused, 4);
    assertSameRows(fold(await readAll(log)), truthOf(store));
    store.close();

    const lost = open(faulty(log, () => {
      stop.abort();
      return { what: "refused", retriable: true };
    }));
    await lost.run({ ratePerSecond: 1_000, signal: stop.signal });
    lost.close();
    const again = open();
    await again.run({ ratePerSecond: 0, signal: stop.signal });
    assertSameRows(fold(await readAll(log)), truthOf(again));
    again.close();
  }));

Deno.test("DemoStore.run() keeps its rate within 10 % over two seconds", async (t) => {
  for (const ratePerSecond of [500, 3_000]) {
    await t.step(`${ratePerSecond} changes a second`, () =>
      inDirectory(async (directory) => {
        const log = openEmbeddedLog({ path: `${directory}/log.db` });
        // Time passes only while the store waits, so that a busy machine changes nothing.
        let nowMs = 1_790_000_000_000;
        const stop = new AbortController();
        const clock = {
          ...systemClock,
          nowMs: () => nowMs,
          sleep: (ms: number) => {
            nowMs += ms;
            if (nowMs - startMs >= 2_000) stop.abort();
            return Promise.resolve();
          },
        };
        const store = openDemoStore({ path: `${directory}/store.db`, log, clock, sizes: SMALL });
        let startMs = Infinity;
        await store.createTopics();
        await store.snapshot();
        startMs = nowMs;
        await store.run({ ratePerSecond, signal: stop.signal });
        const rate = store.changesWritten() / (nowMs - startMs) * 1000;
        assert(Math.abs(rate / ratePerSecond - 1) < 0.1, `${rate} changes a second`);
        assert(Math.abs(store.lastChangeMs! - nowMs) < 5_000);
        assertSameRows(fold(await readAll(log)), truthOf(store));
        store.close();
        await log.close();
      }));
  }
});

Deno.test("DemoStore.view() is one instant of all tables, whatever is written meanwhile, also for another reader", () =>
  inDirectory(async (directory) => {
    const log = openEmbeddedLog({ path: ":memory:" });
    const path = `${directory}/store.db`;
    const store = openDemoStore({ path, log, clock: manualClock(), sizes: SMALL });
    await store.createTopics();
    await store.snapshot();
    const before = fold(await readAll(log));
    const view = store.view();
    const users = view.rows("users");
    const first = users.next().value!;
    await store.write(2_000);
    assertEquals(
      `{"id":${first.id}}`,
      [...before.users.keys()].sort((a, b) => a.length - b.length || (a < b ? -1 : 1))[0],
    );
    assertSameRows(truthOf(view), before);
    assertEquals(view.changes, 0);
    view.close();
    const other = readDemoStore(path);
    assertSameRows(truthOf(other), fold(await readAll(log)));
    assertEquals([other.changes, other.counts], [store.changesWritten(), store.counts()]);
    other.close();
    store.close();
    // No process has the file open any more.
    const late = readDemoStore(path);
    assertSameRows(truthOf(late), fold(await readAll(log)));
    late.close();
    await log.close();
  }));

Deno.test("openDemoStore() keeps its seed and rows, refuses another seed, and notices a second writer", () =>
  inDirectory(async (directory) => {
    const log = openEmbeddedLog({ path: ":memory:" });
    const options = { path: `${directory}/store.db`, log, clock: manualClock(), sizes: SMALL };
    const store = openDemoStore({ ...options, seed: 17 });
    await store.createTopics();
    await store.snapshot();
    await store.write(10);
    assertThrows(() => openDemoStore({ ...options, seed: 18 }), ConfigError, "seed 17");
    const second = openDemoStore({ ...options, sizes: { users: 1 } });
    assertEquals([second.seed, second.counts()], [17, store.counts()]);
    await second.write(10);
    const changes = store.changesWritten();
    await assertRejects(() => store.write(10), ConfigError, "another process");
    assertEquals(store.changesWritten(), changes);
    await assertRejects(() => Promise.all([second.write(10), second.flush()]), TypeError, "only operation");
    store.close();
    second.close();
    await log.close();
  }));

Deno.test("openDemoStore(:memory:) behaves as a file that is gone afterwards", async () => {
  const log = openEmbeddedLog({ path: ":memory:" });
  const store = openDemoStore({ path: ":memory:", log, clock: manualClock(), sizes: SMALL, partitions: 3 });
  await store.createTopics();
  await store.snapshot();
  await store.write(1_000);
  assertSameRows(fold(await readAll(log), 3), truthOf(store));
  store.close();
  await log.close();
});
