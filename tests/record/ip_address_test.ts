import { assertEquals } from "@std/assert";
import { addressNumbers, isIPv4, shownIPv6 } from "../../src/record/ip_address.ts";

Deno.test("isIPv4() takes an address in the one form in which ClickHouse shows it", () => {
  for (const text of ["0.0.0.0", "1.2.3.4", "255.255.255.255"]) assertEquals(isIPv4(text), true, text);
  for (const text of ["", "1.2.3", "01.2.3.4", "1.2.3.256", "1.2.3.4 ", "::", "1.2.3.4/24", "a.b.c.d"]) {
    assertEquals(isIPv4(text), false, text);
  }
});

/** As ClickHouse 26.7 shows them; `tests/adapters/clickhouse/column_types_test.ts` asks it for random ones. */
Deno.test("shownIPv6() gives the text under which ClickHouse shows an address", () => {
  const cases: readonly [text: string, shown: string | null][] = [
    ["::", "::"],
    ["::1", "::1"],
    ["::ffff:1.2.3.4", "::ffff:1.2.3.4"],
    ["2001:DB8:0:0:1:0:0:1", "2001:db8::1:0:0:1"],
    ["0:0:0:0:0:0:1:0", "::0.1.0.0"],
    ["::1.2.3.4", "::1.2.3.4"],
    ["1:0:0:2:0:0:0:3", "1:0:0:2::3"],
    ["1:2:3:0:5:6:7:8", "1:2:3:0:5:6:7:8"],
    ["::2:3:4:5:6:7:8", "0:2:3:4:5:6:7:8"],
    ["1:2:3:4:5:6:7:0", "1:2:3:4:5:6:7:0"],
    ["1:2:3:4:5:6:0:0", "1:2:3:4:5:6::"],
    ["64:ff9b::192.0.2.33", "64:ff9b::c000:221"],
    ["::ffff:0:1.2.3.4", "::ffff:0:102:304"],
    ["::ffff:0:1", "::ffff:0.0.0.1"],
    ["0:0:1::", "0:0:1::"],
    ["1.2.3.4", null],
    ["", null],
    ["::g", null],
    ["1:2:3:4:5:6:7", null],
    ["1:2:3:4:5:6:7:8:9", null],
    ["1::2::3", null],
    ["1:2:3:4:5:6:7:8::", null],
    ["12345::", null],
    ["fe80::1%eth0", null],
    ["::/0", null],
  ];
  for (const [text, shown] of cases) assertEquals(shownIPv6(text), shown, text);
});

Deno.test("addressNumbers() orders addresses by their numbers", () => {
  assertEquals(addressNumbers("10.0.0.255"), [10, 0, 0, 255]);
  assertEquals(addressNumbers("::ffff:1.2.3.4"), [0, 0, 0, 0, 0, 0xffff, 0x102, 0x304]);
  assertEquals(addressNumbers("fe80::1"), [0xfe80, 0, 0, 0, 0, 0, 0, 1]);
});
