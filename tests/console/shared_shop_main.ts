/** Instances that share a shop, told what to do by lines of JSON: see `SharedShopProcess`. Ends with its input. */
import { textLines } from "../../src/cli/text_lines.ts";
import { type SharedShop, withSharedShop } from "./shared_shop.ts";
import type { Reply, Told } from "./shared_shop_process.ts";

function say(value: unknown): void {
  Deno.stdout.writeSync(new TextEncoder().encode(`${JSON.stringify(value)}\n`));
}

async function act({ instances, putOrders, putItems }: SharedShop, told: Told): Promise<number | null> {
  switch (told.what) {
    case "start":
      await instances[told.instance].start();
      return null;
    case "vanish":
      await instances[told.instance].vanish();
      return null;
    case "give up":
      await instances[told.instance].giveUp();
      return null;
    case "orders":
      await putOrders(told.orders);
      return null;
    case "items":
      await putItems(told.items);
      return null;
    case "owner": {
      const owner = instances.findIndex((instance) => instance.hasOrder(told.order));
      return owner < 0 ? null : owner;
    }
  }
}

await withSharedShop(Number(Deno.args[0]), async (shop) => {
  say(shop.instances.map(({ url }) => url));
  for await (const lines of textLines(Deno.stdin.readable)) {
    for (const line of lines.filter((one) => one !== "")) {
      const reply: Reply = await act(shop, JSON.parse(line)).then(
        (value) => ({ value }),
        (error: Error) => ({ error: error.stack ?? error.message }),
      );
      say(reply);
    }
  }
});
// What a process that was given up still waits for must not hold the others.
Deno.exit(0);
