"""ClickHouse, embedded (chDB) or a server: one SQL, one adapter; only construction differs."""
