"""The five bands of the page: what each shows, from what is known."""
