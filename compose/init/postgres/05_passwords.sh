#!/bin/bash
# Gives each role its password from the secrets mounted into the container. Runs once after the SQL files, and again by hand after
# `deno task secrets --rotate`. A password is read by psql itself: it is in no argument and in no log, not even if a statement fails.
set -euo pipefail

psql --no-psqlrc --quiet --set ON_ERROR_STOP=1 --username "${POSTGRES_USER:-postgres}" --dbname "${POSTGRES_DB:-online_store}" <<'SQL'
SET log_statement TO none;
SET log_min_duration_statement TO -1;
SET log_min_error_statement TO panic;
\set superuser `cat "${SECRETS:-/run/secrets}/postgres_password"`
\set debezium `cat "${SECRETS:-/run/secrets}/debezium_password"`
\set verifier `cat "${SECRETS:-/run/secrets}/verifier_password"`
\set exporter `cat "${SECRETS:-/run/secrets}/postgres_exporter_password"`
ALTER ROLE CURRENT_USER PASSWORD :'superuser';
ALTER ROLE debezium PASSWORD :'debezium';
ALTER ROLE verifier PASSWORD :'verifier';
ALTER ROLE postgres_exporter PASSWORD :'exporter';
SQL
