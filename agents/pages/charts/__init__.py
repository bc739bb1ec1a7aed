"""One module for each chart.

A chart is made from tables of records. If there are too few records, the result is a note instead, which says
how many the chart takes.
"""
