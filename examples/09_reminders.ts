import { z } from "zod";
import { events, int8, store, topic, topology } from "../src/mod.ts";

/** What happens to carts: something is put in, or all of it is paid. */
export const carts = events("web.carts", {
  row: z.object({ user_id: int8(), kind: z.enum(["added", "paid"]), item: z.string().nullable() }),
});

/** Whom to write a mail, and about what. */
export const reminders = topic("web.reminders", { row: z.object({ user_id: int8(), items: z.array(z.string()) }) });

const DAY_US = 86_400_000_000;

/** A processor of one's own: a day behind what was put into a cart last its user is reminded, if it was not paid. */
export default topology("reminders", (builder) => {
  builder.stream(carts)
    .process("reminders", {
      on: ({ user_id }) => ({ user_id }),
      stores: { cart: store<string[]>() },
      process({ kind, item }, { stores: { cart }, timestampUs, schedule }) {
        if (kind === "paid") cart.delete("items");
        else if (item !== null) {
          cart.put("items", [...cart.get("items") ?? [], item]);
          schedule(timestampUs + DAY_US);
        }
        return [];
      },
      *punctuate({ key: { user_id }, stores: { cart } }) {
        const items = cart.get("items");
        if (items === undefined) return;
        cart.delete("items");
        yield { user_id, items };
      },
    })
    .selectKey(({ user_id }) => String(user_id))
    .to(reminders);
});
