"""PEP, the policy enforcement point: asyncio protocols over httptools.

`listener` reads requests, `journey` judges them, `upstream` reaches the inference API, `relay` carries the answer under a
lease, `leases` cuts what the policy no longer permits. From the last byte of a request to the write upstream nothing is
awaited when the token is known and a connection is idle; after every await the lease is asked again.
"""
