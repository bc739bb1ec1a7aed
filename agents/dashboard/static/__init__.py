"""Scripts, style sheet and HTML of the page, which browsers receive unchanged except for values filled into
the HTML.
"""
