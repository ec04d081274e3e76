import { assertEquals } from "@std/assert";
import { linkTo, routeOf } from "../../console/state/address.ts";

Deno.test("routeOf() reads what linkTo() writes, whatever keys contain", () => {
  for (const key of ["4711", '["a/b","?#&=%"]', "\u00e4\u{1f600} x", "..", "<b>", ""]) {
    const link = linkTo("explain", ["sales", "sales", key], { after: key });
    assertEquals(routeOf(link), { page: "explain", path: ["sales", "sales", key], query: { after: key } }, link);
  }
});

Deno.test("routeOf() takes no part from an address that ends behind its page's name", () => {
  for (const hash of ["#/explain", "#/explain/"]) assertEquals(routeOf(hash).path, [], hash);
});

Deno.test("routeOf() shows the first page for an address that leads nowhere", () => {
  for (const hash of ["", "#", "#/", "#/nothing", "#/constructor", "#/%"]) {
    assertEquals(routeOf(hash).page, "topology", hash);
  }
});
