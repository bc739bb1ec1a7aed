"""The audit trail: which record led to which, read from the topics alone."""
