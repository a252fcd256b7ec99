"""One way to talk to every model: values, the `Provider` protocol, adapters, and the chain that routes between them.

Reading order: the values: `plain_text`, `messages`, `usage`, `requests`, `errors`, `route`, `provider`, `records`,
`clock`; then `collect`, `assembly`, `measure` with `prices`, and `chain` with `course`; whom it asks: `routing`,
`strategies`, `strategy_router`, `chosen_router`, `headroom`; what keeps it working: `breaker`, `retry`, `resilience`,
`spending`, `tally`; providers around others: `around`, `corrected`, `remembered`, `discreet`, `rekeyed`,
`schema_answers` with `schema_check`; keys: `origins`, `keys`, `key_store`; servers: `addresses`, `guard`, `http`,
`refusals`, `rate_limits`; then `adapters`, and the embedded `engine` with its `models` and `child_environment`. Imports
no sibling package; knows no editor and no database.
"""
