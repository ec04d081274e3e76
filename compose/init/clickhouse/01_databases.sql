-- Runs once, as the local administrator. Tables and views are Weir's: it makes them when a topology first needs them.
CREATE DATABASE IF NOT EXISTS online_store;
