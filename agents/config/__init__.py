"""The configuration of a process: settings, plug-ins, parameters, and what changed in them."""
