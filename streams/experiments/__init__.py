"""Experiments: tests of a challenger against the champion on the same ticks, valid however often they are looked at.

A is the challenger, B the champion. Scores are differences, above 0 when A was better; the design and its measured
error rates are in docs/statistics.md. This room holds the nodes, the experiment with its scores and evidence, planning
and pre-flight; the statistical tests that an experiment is made of are in `engines`.
"""
