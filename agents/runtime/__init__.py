"""Nodes of the topology on Faust, exactly: state = snapshot + source log, whatever dies."""
