import { assertEquals } from "@std/assert";
import { z } from "zod";
import {
  clickhouseAppend,
  events,
  int8,
  sessionStore,
  store,
  type TopologyBuilder,
  windowStore,
} from "../../src/mod.ts";

const clicks = events("clicks", { row: z.object({ user_id: int8(), url: z.string() }) });
const repeated = clickhouseAppend("repeated", { columns: { url: "String", times: "Int64" }, orderBy: ["url"] });

/** What the compiler says of it is what is tested. */
function declared(declare: (builder: TopologyBuilder) => void): void {
  assertEquals(typeof declare, "function");
}

Deno.test("process() sees the event, its key and its stores in their types, and gives what it returns", () => {
  declared((builder) => {
    builder.stream(clicks).process("repeated", {
      on: ({ user_id }) => ({ user_id }),
      stores: { seen: store<number>(), last: store<{ readonly url: string }>() },
      *process({ url }, { stores: { seen, last }, schedule, timestampUs }) {
        const times = (seen.get(url) ?? 0) + 1;
        seen.put(url, times);
        last.put("last", { url });
        schedule(timestampUs + 1_000_000);
        if (times > 1) yield { url, times };
      },
      punctuate: ({ stores: { last } }) => [{ url: last.get("last")?.url ?? "", times: 0 }],
      punctuateWallClock: ({ stores: { last }, wallClockUs, scheduleWallClock }) => {
        scheduleWallClock(wallClockUs + 60_000_000);
        return [{ url: last.get("last")?.url ?? "", times: 1 }];
      },
    }).mapValues(({ url, times }, { user_id }) => ({ url, times: times + Number(user_id) })).to(repeated);
    builder.stream(clicks).process("counted", {
      on: ({ user_id }) => user_id === 0 ? null : { user_id },
      process: ({ url }) => [{ url, times: 1 }],
    }).to(repeated);
  });
});

Deno.test("process() refuses stores, values and results of other types", () => {
  declared((builder) => {
    const all = builder.stream(clicks);
    const on = ({ user_id }: { user_id: number | bigint }) => ({ user_id });
    // @ts-expect-error -- there is no such store
    all.process("a", { on, stores: { seen: store<number>() }, process: (_, { stores }) => [stores.other.get("x")] });
    all.process("b", {
      on,
      stores: { seen: store<number>() },
      process: ({ url }, { stores: { seen } }) => {
        // @ts-expect-error -- a text is no number
        seen.put(url, url);
        // @ts-expect-error -- it may be undefined
        return [{ url, times: seen.get(url) + 1 }];
      },
    });
    all.process("c", {
      on,
      // @ts-expect-error -- other results than those of events
      process: ({ url }) => [{ url, times: 1 }],
      punctuate: () => [{ text: "x" }],
    });
    all.process("c2", {
      on,
      // @ts-expect-error -- other results than those of events
      process: ({ url }) => [{ url, times: 1 }],
      punctuateWallClock: () => [{ text: "x" }],
    });
    // @ts-expect-error -- results come as several, none or one
    all.process("d", { on, process: ({ url }) => ({ url, times: 1 }) });
    // @ts-expect-error -- a key is an object of columns
    all.process("e", { on: ({ user_id }) => user_id, process: () => [] });
    // @ts-expect-error -- times is missing
    all.process("f", { on, process: ({ url }) => [{ url }] }).to(repeated);
  });
});

Deno.test("process() sees stores of windows and sessions in the types of their values", () => {
  declared((builder) => {
    const retention = { hours: 1 };
    builder.stream(clicks).process("timed", {
      on: ({ user_id }) => ({ user_id }),
      stores: {
        urls: windowStore<string>({ retention }),
        visits: sessionStore<{ readonly n: number }>({ retention }),
      },
      *process({ url }, { stores: { urls, visits }, timestampUs }) {
        urls.put(timestampUs, url);
        visits.put({ startUs: timestampUs, endUs: timestampUs }, { n: 1 });
        for (const [, url] of urls.backwardFetch(0, timestampUs)) yield { url, times: 1 };
        for (const [{ endUs }, { n }] of visits.findSessions(0, timestampUs)) yield { url, times: n + endUs };
        // @ts-expect-error -- it may be undefined
        const length = urls.fetch(timestampUs).length;
        // @ts-expect-error -- a number is no text
        urls.put(length, 1);
        // @ts-expect-error -- a session has two times
        visits.put(timestampUs, { n: 1 });
        // @ts-expect-error -- windows are under times
        urls.get("x");
      },
    }).to(repeated);
    // @ts-expect-error -- for how long
    windowStore<string>({});
  });
});
