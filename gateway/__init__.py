"""A gate in front of model inference APIs: it knows who asks, for which model, from where, under whose authority.

A request passes only while all of that holds, to the last byte of the stream. Folders follow the four points of
access control (NIST SP 800-162): `policy` decides, `proxy` enforces, `identity`, `location` and `store` inform,
`admin` administers. `app` is the one file that knows everyone.
"""

__version__ = "0.1.0"
