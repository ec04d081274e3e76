import { newPrice, newProduct, newSeller, sellerName } from "./new_rows.ts";
import { removeItem } from "./order_transactions.ts";
import { anyRow, isSpared, popularRow } from "./picks.ts";
import type { Transaction } from "./transaction.ts";
import { moneyText } from "./values.ts";

/** A product or seller with more rows than this hanging on it is retired rather than deleted. */
const REFERENCES_MAX = 20;

export function changePrice(tx: Transaction): void {
  const product = popularRow(tx, "products");
  if (product === undefined) return;
  tx.update("products", product, { ...product, price: moneyText(newPrice(tx.choices)), updated_at: tx.now });
}

/** Changes a column that no join shows. */
export function restock(tx: Transaction): void {
  const product = popularRow(tx, "products");
  if (product === undefined) return;
  tx.update("products", product, { ...product, stock: tx.choices.between(0, 400), updated_at: tx.now });
}

export function moveProduct(tx: Transaction): void {
  const product = anyRow(tx, "products");
  const seller = anyRow(tx, "sellers");
  if (product === undefined || seller === undefined) return;
  tx.update("products", product, { ...product, seller_id: seller.id, updated_at: tx.now });
}

export function createProduct(tx: Transaction): void {
  if (tx.history.counts.products >= tx.history.rowsMax.products) return deleteProduct(tx);
  const seller = anyRow(tx, "sellers");
  if (seller === undefined) return;
  tx.insert("products", newProduct(tx.choices, tx.newId("products"), { sellerId: seller.id, micros: tx.micros }));
}

/**
 * Deletes a product with the items that sold it, whose orders' totals shrink; one that sold often is unpublished
 * instead.
 */
export function deleteProduct(tx: Transaction): void {
  const product = anyRow(tx, "products");
  if (product === undefined) return;
  const items = tx.tables.children(["order_items", "product_id"], product.id, REFERENCES_MAX + 1);
  if (items.length > REFERENCES_MAX) {
    return tx.update("products", product, { ...product, is_published: false, updated_at: tx.now });
  }
  for (const id of items) removeItem(tx, tx.tables.get("order_items", id)!);
  tx.delete("products", product);
}

export function renameSeller(tx: Transaction): void {
  const seller = anyRow(tx, "sellers");
  if (seller === undefined) return;
  tx.update("sellers", seller, { ...seller, name: sellerName(tx.choices), updated_at: tx.now });
}

export function createSeller(tx: Transaction): void {
  if (tx.history.counts.sellers >= tx.history.rowsMax.sellers) return deleteSeller(tx);
  tx.insert("sellers", newSeller(tx.choices, tx.newId("sellers"), tx.micros));
}

/**
 * A seller leaves: another one takes the products over. One with many products, or with one that is spared, only loses
 * its verification.
 */
export function deleteSeller(tx: Transaction): void {
  const seller = anyRow(tx, "sellers");
  const heir = anyRow(tx, "sellers");
  if (seller === undefined || heir === undefined || heir.id === seller.id) return;
  const products = tx.tables.children(["products", "seller_id"], seller.id, REFERENCES_MAX + 1);
  if (products.length > REFERENCES_MAX || products.some((id) => isSpared(tx, id))) {
    return tx.update("sellers", seller, { ...seller, is_verified: false, updated_at: tx.now });
  }
  for (const id of products) {
    const product = tx.tables.get("products", id)!;
    tx.update("products", product, { ...product, seller_id: heir.id, updated_at: tx.now });
  }
  tx.delete("sellers", seller);
}
