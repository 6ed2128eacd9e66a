"""A stand-in Engage: one framework-free WSGI program with a state of its own and faults on demand.

It knows nothing of the portal's client on purpose, so that the two cannot share a misunderstanding. Facts
come from Voyado's public pages as collected in the project's notes; sections are cited as "api.md §n". What
nobody published is marked "inferred" where it is decided.
"""
