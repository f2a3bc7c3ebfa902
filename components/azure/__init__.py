"""Azure Database for PostgreSQL flexible server."""
