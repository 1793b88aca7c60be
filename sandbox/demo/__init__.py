"""The scripted day in a shop: three stand-ins, the real commands, and what travels between them.

It uses the connector as a person would, through its command line, and the systems as their users
would, through ``/_sandbox/edit``. It imports neither the connector nor its adapters.
"""
