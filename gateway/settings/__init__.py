"""Static settings: decode strictly, validate, provision. An unknown key is an error that prints the right form.

`shape` says what a file may hold, `loader` reads one, `provision` turns it into policy values, `reload` watches for change.
"""
