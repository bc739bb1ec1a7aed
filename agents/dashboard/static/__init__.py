"""Scripts, style sheet and HTML of the page. Browsers receive them unchanged, except for values put into the HTML."""
