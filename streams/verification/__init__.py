"""Verification: computes the records that must follow from a tick log, and compares them with the topics' bytes."""
