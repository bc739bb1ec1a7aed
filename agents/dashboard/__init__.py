"""One live page about the loop, told from its topics alone: records in, a view, and what changed of it out."""
