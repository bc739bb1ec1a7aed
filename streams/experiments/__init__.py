"""Experiments: which of two arms is better on the same ticks, with error rates that hold while everybody looks.

A is the challenger, B the champion. Scores are differences, above 0 when A was better; the design and its measured
error rates are in docs/statistics.md. An experiment is here, with what plans it and what runs it on recorded ticks; the
tests that it is made of are in `engines`, its life on the topics in `live`.
"""
