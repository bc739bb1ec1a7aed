"""One live page about the loop, told from its topics alone: records in, a view out, and what changed of it to browsers."""
