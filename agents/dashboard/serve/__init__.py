"""The web server: pages, streams of changes, who may ask for what."""
