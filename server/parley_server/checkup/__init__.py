"""What `parley doctor` looks at: each look is a function that returns findings, and changes nothing.

Reading order: `findings` (the value), `system` (Python, memory, folders, the database of call records), `editors`,
`models` (engine, downloaded models, Ollama, and whether a request could be served). Showing findings belongs to
`parley_server.cli.doctor`.
"""
