import { assertEquals } from "@std/assert";
import type { Decimal } from "../../src/mod.ts";
import type { TopologyTestDriver } from "../../src/testing/mod.ts";
import { coupons, orders, rates } from "./sources.ts";

/** What the compiler says of it is what is tested. */
function read(use: (driver: TopologyTestDriver) => void): void {
  assertEquals(typeof use, "function");
}

Deno.test("TopologyTestDriver.store() has the keys and rows of its source", () => {
  read((driver) => {
    const total: Decimal | undefined = driver.store(orders).get(1n)?.total;
    const percent: number | undefined = driver.store(coupons).get("SPRING")?.percent;
    const all: readonly { readonly key: { readonly code: string } }[] = driver.store(coupons).all();
    driver.store(rates).of({ currency: "EUR" });
    driver.store<{ user_id: number }, { clicks: number }>("clicks").get(7)?.clicks.toFixed();
    const anything: unknown = driver.store("clicks").get(7);
    assertEquals([total, percent, all, anything].length, 4);
    // @ts-expect-error -- the key is a number
    driver.store(orders).get("1");
    // @ts-expect-error -- the key has two columns
    driver.store(rates).get("EUR");
    // @ts-expect-error -- there is no such column in the key
    driver.store(rates).of({ code: "EUR" });
    // @ts-expect-error -- there is no such column in the row
    driver.store(coupons).get("SPRING")?.price;
  });
});
