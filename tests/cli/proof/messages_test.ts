import { assertEquals } from "@std/assert";
import { messageLine, messagesOf } from "../../../src/cli/proof/messages.ts";

async function* stream(...parts: (string | Uint8Array)[]): AsyncGenerator<Uint8Array> {
  for (const part of parts) yield typeof part === "string" ? new TextEncoder().encode(part) : part;
}

Deno.test("messagesOf() takes what has the mark, whatever else is printed between", async () => {
  const mark = "6f1d";
  const printed = ["loaded\n", "no end", messageLine({ kind: "one" }, mark), '{"kind":"refused"}\n', "\n\n\r", "7"];
  const found = messagesOf(stream(...printed, messageLine({ kind: "two\n" }, mark), "after"), mark);
  assertEquals(await Array.fromAsync(found), [{ kind: "one" }, { kind: "two\n" }]);
});

Deno.test("messagesOf() of a stream of its own takes every line", async () => {
  const found = messagesOf(stream(messageLine({ id: 1 }), messageLine({ id: 2 })));
  assertEquals(await Array.fromAsync(found), [{ id: 1 }, { id: 2 }]);
});
