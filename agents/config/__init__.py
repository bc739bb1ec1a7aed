"""What a process is told before it starts: settings, plug-ins, parameters and what changed in them."""
