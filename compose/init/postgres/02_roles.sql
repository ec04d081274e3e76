-- Roles with nothing more than they need. They have no password here and so cannot log in yet: whoever runs these files gives them
-- one with ALTER ROLE debezium PASSWORD '...'.

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

-- Compares the tables with what ClickHouse shows of them, while everything runs: the service weir-proof.
CREATE ROLE verifier LOGIN CONNECTION LIMIT 5;
GRANT CONNECT ON DATABASE online_store TO verifier;
GRANT USAGE ON SCHEMA public TO verifier;
GRANT SELECT ON users, sellers, products, orders, order_items TO verifier;

-- Reads the server's numbers, the replication slot's among them, for Prometheus. It sees no row of the store.
CREATE ROLE postgres_exporter LOGIN CONNECTION LIMIT 5;
GRANT pg_monitor TO postgres_exporter;
GRANT CONNECT ON DATABASE online_store TO postgres_exporter;
