"""Names and digests of what can change a result: own code, plug-ins, libraries, layout of stored state."""
