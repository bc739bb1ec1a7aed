"""Kafka clients that publish ticks and read records of any topic; readers drop records that a worker wrote
twice.
"""
