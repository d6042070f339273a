"""Builds the built-in model from open data; nothing in ``src/qa`` imports it."""
