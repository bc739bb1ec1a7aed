"""Experiments: tests of a challenger version against the live version (the champion) on the same ticks.

Their error rates hold however often the evidence is looked at; docs/statistics.md has the design and the measured
error rates. In names and formulas A is the challenger and B the champion. A score is the difference between the two
in one prediction, above 0 when the challenger was better.

This package has the nodes, the experiment with its scores and its evidence, planning, and the pre-flight check. The
statistical tests are in the subpackage `engines`.
"""
