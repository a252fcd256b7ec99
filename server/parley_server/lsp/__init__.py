"""The editors' front end: the language server. The only package that imports pygls and lsprotocol.

Reading order: `wire` (names and shapes of everything on the wire that is Parley's own), `shapes`, `protocol_file`;
`positions`, `documents`, `client`; `from_lsp`, `to_lsp`, `to_wire` (conversions); `running`, `ending`, `applying`,
`feed`, `progress`, `explanations` (requests and what comes of them); `services`, `worker`; `transport`, `frames`,
`protocol`, `parent`, `server`, `handlers`; `starting`; `demo`.
"""
