"""One module for each chart.

A chart is made from tables of records. If there are too few, the result is a note that says how many it takes.
"""
