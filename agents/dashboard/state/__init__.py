"""What the page remembers of the topics' records, limited in size however long the page runs."""
