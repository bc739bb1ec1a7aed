"""The command `tickloop demo`: publishes a market's ticks, shows the predictions as they come, and checks all records.

The demo uses the system as any user would: it publishes to the topic `ticks` and reads what the workers write.
It kills a worker half-way. In the end it compares all records on the topics with a replay of the ticks in one
process.
"""
