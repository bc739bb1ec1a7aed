"""Prequential evaluation: forecasters scored on ticks that they had not learned from when they predicted.

Every row of the resulting table comes from a run of the market node, the node that also predicts live. The runs differ
in their parameters.
"""
