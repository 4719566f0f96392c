"""PAP, the policy administration point: what operators may order, and how an order becomes one change in the store.

`commands` are values that only exist when they make sense; `service` carries one out, as one transaction with one revision.
"""
