import { topology } from "../src/mod.ts";
import { orderItems, orders, products, sellers, users } from "./online_store/sources.ts";
import { orderItemsMirror, ordersMirror, productsMirror, sellersMirror, usersMirror } from "./online_store/tables.ts";

/** The store's five tables, row by row. */
export default topology("mirror", (builder) => {
  builder.table(users).to(usersMirror);
  builder.table(sellers).to(sellersMirror);
  builder.table(products).to(productsMirror);
  builder.table(orders).to(ordersMirror);
  builder.table(orderItems).to(orderItemsMirror);
});
