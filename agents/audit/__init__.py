"""How something came about: the links between records, told from the topics alone."""
