"""Python, known fully: edits made from small decisions, scope analysis, and proofs that an edit kept the behaviour.

Reading order: `errors`; `lexer`, `fstrings`, `parsing`, `module` (a text, its tree, and the way between them);
`scope_tree`, `scope_walk`, `bindings` (which variable a name means), `visibility` (which names may change), `sites`,
`layout`; `naming`, `rename`; `docstring_text`, `docstring`; `type_names`, `type_scope`, `type_expressions`, `returns`,
`imports`, `type_hints`, `written_hints`; `flow_values`, `flow`, `extract_plan`, `extract_place`, `extract`; `scopes`
(questions about names); `proof`, `parts`, `by_parts` (the proofs, held on what differs), `normal_form`; `interpreted`
(where two versions of a function differ). It needs nothing but the standard library.
"""
