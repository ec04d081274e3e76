-- Made here rather than by the connector, whose role could then stay without ownership of the tables. The signal and heartbeat tables
-- belong to it: without them signals are ignored silently and heartbeats do not move the slot.
CREATE PUBLICATION dbz_publication
  FOR TABLE users, sellers, products, orders, order_items, debezium_signal, debezium_heartbeat;
