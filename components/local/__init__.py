"""PostgreSQL in a local Docker container."""
