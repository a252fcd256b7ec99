"""One way to talk to every model: values, the `Provider` protocol, adapters, and the chain that routes between them.

Reading order: `plain_text`, `messages`, `usage`, `requests`, `errors`, `route`, `provider`, `records`; then `collect`,
`measure`, `chain`; then `adapters` and the embedded `engine`. Imports no sibling package; knows no editor and no
database.
"""
