import { assert, assertEquals } from "@std/assert";
import { choiceOf, emptyWords } from "../../console/state/letter_choice.ts";

Deno.test("choiceOf() takes what an instance is asked for, and nothing else of an address", () => {
  const query = { topology: "sales", reason: "refused", operator: "sink sales", state: "all", more: "x" };
  assertEquals(choiceOf(query), { topology: "sales", reason: "refused", operator: "sink sales" });
  assertEquals(choiceOf({ state: "open" }), {});
});

Deno.test("emptyWords() says no more than what was asked for", () => {
  assertEquals(emptyWords({}), { title: "No open dead letters", text: "This instance keeps none." });
  assertEquals(emptyWords({ state: "resolved" }).title, "No resolved dead letters");
  const { title, text } = emptyWords({ operator: "things" });
  assertEquals(title, "No open dead letters of this choice");
  assert(text.startsWith("There may be others"), text);
});
