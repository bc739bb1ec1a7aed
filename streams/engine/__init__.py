"""Execution of nodes: partitions, snapshots, replay and signatures; independent of what nodes compute."""
