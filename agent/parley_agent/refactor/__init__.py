"""Refactoring: from a selection and a wish to checked, minimal edits, or to a refusal that says why.

Reading order: `tasks` (the task classes and the regions they may change), `requests` (what is asked and what is told
while it happens), `service` (the one entry).
"""
