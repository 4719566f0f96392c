"""PIP for persons: from a bearer token to a verified `Subject`, or to the one `Reason` why not.

`bearer` finds the credential, `compact` reads a token in its one spelling, `rules` holds what every token must keep to,
`jwk` and `keyset` hold an issuer's keys, `verifier` puts them together and remembers, `claims` turns the payload into a
`Subject`. A token that can be read in two ways is refused; no token, however odd, raises.
"""
