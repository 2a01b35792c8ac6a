"""Clients that nobody here wrote agree with the tenant."""
