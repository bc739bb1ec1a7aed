"""The lifecycle node: carries out commands on the arms of a symbol and writes the directives."""
