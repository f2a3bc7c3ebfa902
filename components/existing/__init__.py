"""A PostgreSQL server that exists already, managed by others."""
