"""PIP: where a request comes from. An address says where a socket ends, not who the person is: it may deny, never grant.

`address` (pure) finds the client's address over trusted proxies, `geolocation` looks it up in a database, `locator` puts both together
with the country header of a CDN. Whatever is missing, private, obfuscated, too old or contradictory is unknown.
"""
