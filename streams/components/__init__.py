"""Registered components behind one interface, and the properties that every component is tested for.

A component is a family of features, a strategy, a regime detector, a calibrator, a sizing rule or a cost.
"""
