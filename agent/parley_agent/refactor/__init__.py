"""Refactoring: from a selection and a wish to checked, minimal edits, or to a refusal that says why.

Reading order: `tasks` (the task classes and the regions they may change), `requests` (what is asked and what is told
while it happens), `errors`, `models` (what it needs of the chain), `service` (the one entry); then the way of a
request: `instruction`, `target`, `applicability`, `understand`, `context` with `screen`, `layout` and `tokens` (what
the model is shown), `forms` (how it is asked), `line` (whose turn it is), `turn` (asking once), `answers` and
`assembly` with `import_lines` and `new_test_file` (what it said), `decision_edits` (what tools make of it), `checks`,
`edits`, `proposal`, `acting_files` (whose change always waits for a yes), `trial` in a `scratch` copy, `moving` and
`rebasing` where the document moved meanwhile; `offers`, `ahead` (reading before anything is asked) and `explain` with
`still_markdown` stand beside it. What happened is `events`, written by `recording`, in the background by
`recording_behind`, by whichever of the `recorders`, and seen again by `replay`.
"""
