import { clickhouse, clickhouseAppend } from "../../src/mod.ts";

/**
 * One row for each item sold, with everything a report asks about it. Item ids grow with time, so ranges of time prune
 * by index.
 */
export const sales = clickhouse("sales", {
  key: ["order_item_id"],
  columns: {
    order_item_id: "Int64",
    order_id: "Int64",
    placed_at: "DateTime64(6)",
    status: "LowCardinality(String)",
    product_id: "Int64",
    product: "String",
    category: "LowCardinality(String)",
    seller_id: "Int64",
    seller: "String",
    buyer_country: "LowCardinality(Nullable(String))",
    quantity: "Int32",
    unit_price: "Decimal(12, 2)",
    amount: "Decimal(18, 2)",
  },
  indexes: { placed_at: "minmax" },
});

/** Revenue of each seller by hour of placing. */
export const sellerRevenueByHour = clickhouse("seller_revenue_by_hour", {
  key: ["seller_id", "hour"],
  columns: {
    seller_id: "Int64",
    hour: "DateTime64(6)",
    revenue: "Decimal(18, 2)",
    units: "Int64",
    items: "UInt64",
  },
  indexes: { hour: "minmax" },
});

/**
 * What each product sold on each day of placing; cancelled items are counted apart and sell nothing. Sorted by day
 * first, so that a range of days is one range of rows.
 */
export const productPerformance = clickhouse("product_performance", {
  key: ["day", "product_id"],
  columns: {
    product_id: "Int64",
    day: "Date",
    units: "Int64",
    revenue: "Decimal(18, 2)",
    items: "UInt64",
    cancelled_items: "Int64",
    highest_price: "Decimal(12, 2)",
    average_price: "Decimal(18, 4)",
  },
});

/** How many orders of each day of placing stand where, and what they are worth. */
export const orderFunnel = clickhouse("order_funnel", {
  key: ["day", "status"],
  columns: {
    day: "Date",
    status: "LowCardinality(String)",
    orders: "UInt64",
    value: "Decimal(18, 2)",
  },
});

/** Sessions that left something in the cart and bought nothing. */
export const cartAbandonment = clickhouse("cart_abandonment", {
  key: ["user_id", "window_start"],
  columns: {
    user_id: "Int64",
    window_start: "DateTime64(6)",
    window_end: "DateTime64(6)",
    views: "Int64",
    cart_pieces: "Int64",
    cart_value: "Decimal(18, 2)",
    /** How far they came: `cart`, `checkout`, or `order cancelled`. */
    left_at: "LowCardinality(String)",
    order_id: "Nullable(Int64)",
  },
  indexes: { window_start: "minmax" },
});

/** Orders for which a card was declined several times, one soon after the other. */
export const declinedPayments = clickhouse("declined_payments", {
  key: ["order_id", "window_start"],
  columns: {
    order_id: "Int64",
    window_start: "DateTime64(6)",
    window_end: "DateTime64(6)",
    tries: "Int64",
    amount: "Decimal(12, 2)",
  },
  indexes: { window_start: "minmax" },
});

/** What is suspicious about orders: `other amount`, `other country` or `no payment`. */
export const fraudSignals = clickhouseAppend("fraud_signals", {
  columns: {
    ordered_at: "DateTime64(6)",
    signal: "LowCardinality(String)",
    order_id: "Int64",
    user_id: "Int64",
    total: "Decimal(12, 2)",
    country: "LowCardinality(String)",
    paid: "Nullable(Decimal(12, 2))",
    card_country: "LowCardinality(Nullable(String))",
  },
  orderBy: ["signal", "ordered_at"],
});

/** The five tables of the store as they are. */
export const usersMirror = clickhouse("users", {
  key: ["id"],
  columns: {
    id: "Int64",
    email: "String",
    full_name: "String",
    phone: "Nullable(String)",
    is_active: "Bool",
    birth_date: "Nullable(Date32)",
    preferences: "String",
    loyalty_points: "Int32",
    created_at: "DateTime64(6)",
    updated_at: "DateTime64(6)",
  },
});

export const sellersMirror = clickhouse("sellers", {
  key: ["id"],
  columns: {
    id: "Int64",
    name: "String",
    country: "LowCardinality(String)",
    rating: "Nullable(Decimal(3, 2))",
    commission_rate: "Decimal(5, 4)",
    is_verified: "Bool",
    nickname: "Nullable(String)",
    metadata: "Nullable(String)",
    joined_at: "DateTime64(6)",
    created_at: "DateTime64(6)",
    updated_at: "DateTime64(6)",
  },
});

export const productsMirror = clickhouse("products", {
  key: ["id"],
  columns: {
    id: "Int64",
    seller_id: "Int64",
    sku: "String",
    name: "String",
    price: "Decimal(12, 2)",
    weight_kg: "Nullable(Float64)",
    stock: "Int32",
    description: "Nullable(String)",
    attributes: "String",
    tags: "Array(String)",
    is_published: "Bool",
    external_id: "UUID",
    created_at: "DateTime64(6)",
    updated_at: "DateTime64(6)",
  },
});

export const ordersMirror = clickhouse("orders", {
  key: ["id"],
  columns: {
    id: "Int64",
    user_id: "Int64",
    status: "LowCardinality(String)",
    total_amount: "Decimal(12, 2)",
    currency: "LowCardinality(String)",
    shipping_address: "Nullable(String)",
    note: "Nullable(String)",
    placed_at: "DateTime64(6)",
    delivered_on: "Nullable(Date32)",
    created_at: "DateTime64(6)",
    updated_at: "DateTime64(6)",
  },
  indexes: { placed_at: "minmax" },
});

export const orderItemsMirror = clickhouse("order_items", {
  key: ["id"],
  columns: {
    id: "Int64",
    order_id: "Int64",
    product_id: "Int64",
    quantity: "Int32",
    unit_price: "Decimal(12, 2)",
    discount: "Nullable(Decimal(5, 2))",
    created_at: "DateTime64(6)",
    updated_at: "DateTime64(6)",
  },
});
