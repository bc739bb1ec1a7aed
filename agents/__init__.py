"""Everything that acts: Faust, Kafka, processes, the command line."""
