"""What the product does for a person, free of any editor or protocol: refactoring, and later chat and plans.

Reading order: `document` (texts, spans, edits); `syntax` (what a language's grammar tells); `python` (edits and proofs
for Python); `refactor` (the service that asks a model and checks what it said). Never sees a wire type.
"""
