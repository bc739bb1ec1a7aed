"""Commands to the lifecycle node: built, signed and sent in one way, whoever asks."""
