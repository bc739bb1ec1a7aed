"""Follows the ends of the topics and keeps the bounded state that the page shows."""
