import sales from "../../topologies/sales.ts";
import { benchEmbedded, type Measured } from "./embedded.ts";

function print(measured: readonly Measured[]): void {
  for (const { name, figures } of measured) {
    console.log(`\n${name}`);
    for (const [figure, value] of Object.entries(figures)) console.log(`  ${figure.padEnd(26)} ${value}`);
  }
}

print(await benchEmbedded(sales, { orders: Number(Deno.args[0] ?? 60_000), changes: Number(Deno.args[1] ?? 200_000) }));
