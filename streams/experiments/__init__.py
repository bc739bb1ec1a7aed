"""Experiments: tests of a challenger version against the live version (the champion) on the same ticks.

Their error rates hold however often the evidence is looked at; docs/statistics.md has the design and the measured
error rates. In names and formulas A is the challenger and B the champion. A score says by how much the challenger was
better than the champion in one prediction; it is negative when the challenger was worse.

This package has the nodes that run experiments, the computation of scores and evidence, the planning of an experiment,
and the pre-flight check. The statistical tests are in the subpackage `engines`.
"""
