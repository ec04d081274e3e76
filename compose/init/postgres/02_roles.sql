-- The connector's role, with nothing more than it needs. It has no password here and so cannot log in yet: whoever runs these files
-- gives it one with ALTER ROLE debezium PASSWORD '...'.

REVOKE CREATE ON SCHEMA public FROM PUBLIC;

CREATE ROLE debezium LOGIN REPLICATION;
GRANT CONNECT ON DATABASE online_store TO debezium;
GRANT USAGE ON SCHEMA public TO debezium;

-- Snapshots read the published tables.
GRANT SELECT ON users, sellers, products, orders, order_items TO debezium;
-- Incremental snapshots write their watermarks between the signals.
GRANT SELECT, INSERT ON debezium_signal TO debezium;
-- A heartbeat is one UPDATE of one row.
GRANT SELECT, UPDATE ON debezium_heartbeat TO debezium;
