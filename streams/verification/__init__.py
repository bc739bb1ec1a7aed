"""What must follow from a tick log, held against what the topics have: byte for byte, or by digest."""
