"""What the product does for a person, free of any editor or protocol: refactoring, and later chat and plans.

Reading order: `document` (texts, spans, edits) with `same_ends`; `secrets` and `hidden_unicode` (what a model is not
shown); `syntax` (what a language's grammar tells); `python` (edits and proofs for Python); `command` (one command, run
to its end); `refactor` (the service that asks a model and checks what it said); `system_event` (all that is kept of
it). Never sees a wire type.
"""
