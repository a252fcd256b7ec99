"""The editors' front end: the language server. The only package that imports pygls and lsprotocol.

Reading order: `wire` (names and shapes of everything on the wire that is Parley's own), `shapes`, `protocol_file`;
`positions`, `paths`, `documents`, `preparing` (texts, read ahead), `client`, `announced`; `from_lsp`, `to_lsp`,
`to_wire` (conversions); `running`, `running_request`, `feed`, `progress`, `messages`, `explanations`, `ending`
(requests and what is told of them); `applying`, `consent`, `sending`, `kept`, `keeping` (edits); `following` (stored
events); `configuring`; `services`, `worker`, `garbage`; `transport`, `tcp`, `frames`, `protocol`, `trace`, `parent`,
`server`, `handlers`; `log_file`, `starting`; `demo`.
"""
