"""Names and digests of what can change a computed result: own code, plug-ins, libraries, snapshot layout."""
