"""The online model of the direction of the next price move: its parameters, its numbers and its learning step."""
