"""Python, as far as its grammar tells; scopes, edits and proofs are `parley_agent.python`'s."""

from __future__ import annotations

import builtins
import keyword

from parley_agent.syntax.language import Grammar, Language, Queries

_STRUCTURE = """
(function_definition name: (identifier) @name parameters: (parameters) @parameters body: (block) @body) @function
(class_definition name: (identifier) @name body: (block) @body) @class
(parameters [
  (identifier) @parameter
  (default_parameter name: (identifier) @parameter)
  (typed_default_parameter name: (identifier) @parameter)
  (typed_parameter . (identifier) @parameter)
  (typed_parameter . (list_splat_pattern (identifier) @parameter))
  (typed_parameter . (dictionary_splat_pattern (identifier) @parameter))
  (list_splat_pattern (identifier) @parameter)
  (dictionary_splat_pattern (identifier) @parameter)
]) @list
(module [(import_statement) (import_from_statement) (future_import_statement)] @import)
"""

_NAMES = """
(identifier) @reference
(type (identifier) @type)
(attribute attribute: (identifier) @member)
(keyword_argument name: (identifier) @member)
(keyword_pattern . (identifier) @member)
(function_definition name: (identifier) @definition)
(class_definition name: (identifier) @definition)
(parameters (identifier) @definition)
(lambda_parameters (identifier) @definition)
(default_parameter name: (identifier) @definition)
(typed_default_parameter name: (identifier) @definition)
(typed_parameter . (identifier) @definition)
(list_splat_pattern (identifier) @definition)
(dictionary_splat_pattern (identifier) @definition)
(assignment left: (identifier) @definition)
(augmented_assignment left: (identifier) @definition)
(pattern_list (identifier) @definition)
(tuple_pattern (identifier) @definition)
(list_pattern (identifier) @definition)
(for_statement left: (identifier) @definition)
(for_in_clause left: (identifier) @definition)
(as_pattern_target (identifier) @definition)
(as_pattern (identifier) @definition .)
(case_pattern (dotted_name . (identifier) @definition .))
(keyword_pattern (dotted_name . (identifier) @definition .))
(splat_pattern (identifier) @definition)
(named_expression name: (identifier) @definition)
(aliased_import alias: (identifier) @definition)
(import_statement name: (dotted_name . (identifier) @definition))
(import_from_statement name: (dotted_name (identifier) @definition))
(type_alias_statement left: (type (identifier) @definition))
"""

PYTHON = Language(
    id="python",
    name="Python",
    line_comment="#",
    fence_tags=("python", "py", "python3"),
    lsp_ids=("python",),
    extensions=(".py", ".pyi", ".pyw"),
    grammar=Grammar(module="tree_sitter_python"),
    queries=Queries(structure=_STRUCTURE, names=_NAMES),
    directive=r"#!|#.*coding[:=]|#\s*(type:|noqa|pragma|pylint:|pyright:|mypy:|fmt:)",
    wrappers=frozenset({"decorated_definition"}),
    attached=frozenset({"decorator"}),
    builtins=frozenset(dir(builtins)) | {"__file__", "__class__", "__path__", "reveal_type"},
    keywords=frozenset(keyword.kwlist),
)
