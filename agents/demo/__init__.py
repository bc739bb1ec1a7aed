"""`tickloop demo`: a market through the whole loop, watched while it runs, and the proof of what came out.

The demo is an ordinary user of the system: it publishes to `ticks`, reads what the workers write through the reader
that anybody would use, kills a worker on the way, and in the end holds everything on the topics against a replay of
the tick log in one process.
"""
