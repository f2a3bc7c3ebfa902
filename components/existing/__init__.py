"""A PostgreSQL server that exists already, made by somebody else."""
