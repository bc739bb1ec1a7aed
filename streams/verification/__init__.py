"""Verification: records that must follow from a tick log, compared with those on the topics, byte for byte."""
