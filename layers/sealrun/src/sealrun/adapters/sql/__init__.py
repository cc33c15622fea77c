"""The ledger in a SQL database: SQLite for one machine, PostgreSQL for several."""
