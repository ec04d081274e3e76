import { assertThrows } from "@std/assert";
import { z } from "zod";
import { clickhouse, debezium, events, int8, topology, TopologyError } from "../../src/mod.ts";

const row = z.object({ id: int8(), email: z.string() });

Deno.test("mask names columns of the row, and refuses others at the declaration", () => {
  debezium("t.public.users", { key: ["id"], row, mask: ["email"] });
  // @ts-expect-error: there is no column "mail"
  assertThrows(() => debezium("t.public.users", { key: ["id"], row, mask: ["mail"] }), TypeError, 'column "mail"');
  events("t.logins", { row, mask: ["email"], maskKey: true });
  events("t.texts", { text: true, mask: true });
  events("t.bytes", { bytes: true, mask: true });
  // @ts-expect-error: there is no column "mail"
  assertThrows(() => events("t.logins", { row, mask: ["mail"] }), TypeError, 'Did you mean "email"?');
  const none = () => {
    // @ts-expect-error: a text has no columns
    events("t.texts", { text: true, mask: ["email"] });
  };
  void none;
});

Deno.test("unmask() takes columns of what a callback has made, and of nothing else", () => {
  const users = debezium("t.public.users", { key: ["id"], row, mask: ["email"] });
  const lengths = clickhouse("lengths", { key: ["id"], columns: { id: "Int64", length: "Int32" } });
  topology("lengths", (builder) => {
    const made = builder.table(users).mapValues(({ id, email }) => ({ id, length: email.length }));
    made.unmask("length", "id").to(lengths);
    const none = () => {
      // @ts-expect-error: the result has no such column
      made.unmask("email");
      // @ts-expect-error: nor has an event
      builder.stream(events("t.logins", { row })).unmask("mail");
    };
    void none;
  });
  const wrong = () =>
    topology("wrong", (builder) => {
      builder.table(users).unmask("email").to(clickhouse("users", { key: ["id"], columns: { id: "Int64" } }));
    });
  assertThrows(wrong, TopologyError, 'Cannot unmask "email" of "users"');
});

Deno.test("unmask() is refused once the topology is built", () => {
  const users = debezium("t.public.users", { key: ["id"], row, mask: ["email"] });
  const numbers = clickhouse("numbers", { key: ["id"], columns: { id: "Int64", length: "Int32" } });
  let late: () => unknown = () => {};
  topology("late", (builder) => {
    const made = builder.table(users).mapValues(({ id, email }) => ({ id, length: email.length }));
    made.to(numbers);
    late = () => made.unmask("length");
  });
  assertThrows(late, TypeError, "its topology is already built");
});
