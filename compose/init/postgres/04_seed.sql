-- A small store to begin with: 20 sellers, 300 products, 200 users, 1,000 orders of the last 14 days, 2,500 items.
-- Everything but the dates is arithmetic on the row's number, so that two stores made from this file agree.

INSERT INTO sellers (name, country, rating, commission_rate, is_verified, nickname, metadata)
SELECT 'Seller ' || n,
       (ARRAY['US', 'DE', 'FR', 'GB', 'PL'])[1 + n % 5],
       CASE WHEN n % 7 = 0 THEN NULL ELSE 3.00 + n % 20 * 0.1 END,
       0.0500 + n % 10 * 0.01,
       n % 2 = 0,
       CASE WHEN n % 3 = 0 THEN NULL ELSE 'seller-' || n END,
       CASE WHEN n % 4 = 0 THEN NULL ELSE jsonb_build_object('tier', 1 + n % 3) END
FROM generate_series(1, 20) AS n;

INSERT INTO products (seller_id, sku, name, price, weight_kg, stock, description, attributes, tags, is_published)
SELECT 1 + n % 20,
       'SKU-' || lpad(n::text, 5, '0'),
       (ARRAY['Lamp', 'Chair', 'Kettle', 'Rug', 'Clock', 'Shelf'])[1 + n % 6] || ' ' || n,
       4.99 + n * 37 % 200,
       0.25 * (1 + n % 40),
       n * 13 % 500,
       'Description of product ' || n,
       jsonb_build_object('category', (ARRAY['lighting', 'furniture', 'kitchen', 'textiles', 'decoration', 'storage'])[1 + n % 6],
                          'color', (ARRAY['red', 'blue', 'green', 'black'])[1 + n % 4]),
       ARRAY['all', 'tag-' || n % 10],
       n % 5 <> 0
FROM generate_series(1, 300) AS n;

INSERT INTO users (email, full_name, phone, is_active, birth_date, preferences, loyalty_points)
SELECT 'user' || n || '@example.com',
       'User ' || n,
       CASE WHEN n % 3 = 0 THEN NULL ELSE '+1-555-' || lpad(n::text, 4, '0') END,
       n % 10 <> 0,
       CASE WHEN n % 6 = 0 THEN NULL ELSE date '1960-01-01' + n * 97 END,
       jsonb_build_object('lang', (ARRAY['en', 'de', 'fr'])[1 + n % 3], 'country', (ARRAY['US', 'DE', 'FR', 'GB', 'PL'])[1 + n % 5]),
       n * 10 % 1000
FROM generate_series(1, 200) AS n;

INSERT INTO orders (user_id, status, total_amount, shipping_address, note, placed_at, delivered_on)
SELECT 1 + n * 7 % 200,
       (ARRAY['pending', 'paid', 'shipped', 'delivered', 'delivered', 'cancelled', 'paid', 'refunded']::order_status[])[1 + n % 8],
       0,
       CASE WHEN n % 9 = 0 THEN NULL ELSE jsonb_build_object('city', 'Town ' || n % 50, 'zip', 10000 + n) END,
       CASE WHEN n % 3 = 0 THEN NULL ELSE 'note ' || n END,
       placed.at,
       CASE WHEN n % 8 IN (3, 4) THEN (placed.at + interval '3 days')::date END
FROM generate_series(1, 1000) AS n,
     LATERAL (SELECT date_trunc('minute', now()) - (1000 - n) * interval '20 minutes 3 seconds 17 microseconds' AS at) AS placed;

-- Items 1 to 1,000 give every order one; the other 1,500 go to the orders in turn.
INSERT INTO order_items (order_id, product_id, quantity, unit_price, discount)
SELECT 1 + (n - 1) % 1000,
       product.id,
       1 + n % 3,
       product.price,
       CASE WHEN n % 4 = 0 THEN NULL ELSE n % 5 * 0.50 END
FROM generate_series(1, 2500) AS n
JOIN products AS product ON product.id = 1 + n * 11 % 300;

UPDATE orders
SET total_amount = item.total
FROM (SELECT order_id, sum(unit_price * quantity) AS total FROM order_items GROUP BY order_id) AS item
WHERE item.order_id = orders.id;
