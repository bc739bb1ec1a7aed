"""Reads the newest records of all topics and keeps the bounded state that the page shows."""
