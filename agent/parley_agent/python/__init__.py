"""Python, known fully: edits made from small decisions, scope analysis, and proofs that an edit kept the behaviour."""
