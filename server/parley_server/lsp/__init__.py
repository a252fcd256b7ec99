"""The editors' front end: the language server. The only package that imports pygls and lsprotocol.

Reading order: `wire` (names and shapes of everything on the wire that is Parley's own), `server`, `handlers`.
"""
