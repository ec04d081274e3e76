import { assertEquals, assertThrows } from "@std/assert";
import { keyGuard } from "../../src/processor/key_guard.ts";
import { Decimal } from "../../src/record/decimal.ts";

const UUID = "6f9619ff-8b86-d011-b42d-00c04fc964ff";

Deno.test("keyGuard() takes what ClickHouse shows as it was written, and refuses the rest", async (t) => {
  const cases: Readonly<Record<string, { readonly takes: readonly unknown[]; readonly refuses: readonly unknown[] }>> =
    {
      "Float32": { takes: [0.5, 16_777_216, null], refuses: [0.1, 16_777_217] },
      "LowCardinality(String)": { takes: ["", "é😀", "\0"], refuses: ["\ud800", "a\udc00b"] },
      "LowCardinality(Nullable(UUID))": {
        takes: [UUID, null],
        refuses: [UUID.toUpperCase(), UUID.replaceAll("-", "")],
      },
      "FixedString(4)": { takes: ["ab", "a\0b"], refuses: ["ab\0", "\ud800"] },
      "Decimal(5, 2)": {
        takes: [Decimal.parse("999.99"), Decimal.parse("-1.5000"), 999, null],
        refuses: [Decimal.parse("1000"), Decimal.parse("1.005"), 1000, -1000n],
      },
      "Decimal(38, 0)": {
        takes: [10n ** 38n - 1n, Decimal.of(10n ** 38n - 1n), Number.MAX_SAFE_INTEGER],
        refuses: [10n ** 38n, Decimal.parse("0.5")],
      },
    };
  for (const [type, { takes, refuses }] of Object.entries(cases)) {
    await t.step(type, () => {
      const guard = keyGuard([{ name: "k", type }], ["k"])!;
      for (const k of takes) guard({ k });
      for (const k of refuses) assertThrows(() => guard({ k }), TypeError, `Cannot write key column "k" as ${type}`);
    });
  }
});

Deno.test("keyGuard() has nothing to do for types that keep every value they take", () => {
  for (
    const type of [
      "Int64",
      "UInt8",
      "Date",
      "Date32",
      "DateTime64(6)",
      "DateTime",
      "Enum8('a' = 1)",
      "IPv6",
      "Bool",
      "Float64",
      "Nullable(Int128)",
    ]
  ) {
    assertEquals(keyGuard([{ name: "k", type }], ["k"]), null);
  }
});
