"""Front ends and the composition root.

Reading order: `app` (builds everything) with `application` (what it builds) and `named` (the providers that the person
named); the settings: `settings`, `config`, `config_file`, `config_text`, `config_keys`, `config_schema`, and what of a
workspace or an editor counts: `project`, `trust`, `editor_section`, `editor_settings`, `harmless`; what they mean:
`policy`, `access` (keys); what both front ends use: `files`, `diffs`, `overview` (models), `hardware`, `event_keeping`,
`event_following`, `consent_events`; then the front ends: `cli` (the terminal) with `checkup` (what `parley doctor`
looks at), and `lsp` (the editors).
"""
