"""The dashboard: one live page about the loop, computed from its topics alone."""
