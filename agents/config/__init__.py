"""The configuration of a process: settings, plug-in modules and parameters."""
