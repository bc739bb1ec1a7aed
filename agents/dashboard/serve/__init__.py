"""The dashboard's web server: the page, its stream of changes, access control, and actions of people."""
