"""The dashboard's web server: the page, the stream of changes to browsers, access control, and actions of
people.
"""
