"""Lua."""

from __future__ import annotations

from parley_agent.syntax.language import DocStyle, Grammar, Language, Queries, words

_STRUCTURE = """
(function_declaration name: (_) @name parameters: (parameters) @parameters body: (_)? @body) @function
(assignment_statement
  (variable_list . name: (_) @name .)
  (expression_list . value: (function_definition parameters: (parameters) @parameters body: (_)? @body) .)) @function
(field name: (identifier) @name
  value: (function_definition parameters: (parameters) @parameters body: (_)? @body)) @function
(parameters name: (identifier) @parameter) @list
(chunk (variable_declaration (assignment_statement (expression_list value:
  (function_call name: (identifier) @require (#eq? @require "require"))))) @import)
"""

_NAMES = """
(identifier) @reference
(dot_index_expression field: (identifier) @member)
(method_index_expression method: (identifier) @member)
(field name: (identifier) @member)
(attribute (identifier) @member)
(goto_statement (identifier) @member)
(label_statement (identifier) @member)
(function_declaration name: (identifier) @definition)
(parameters name: (identifier) @definition)
(variable_list name: (identifier) @definition)
(for_numeric_clause name: (identifier) @definition)
"""

_LOCALS = """
(function_declaration parameters: (parameters name: (identifier) @parameter) body: (_) @scope)
(function_definition parameters: (parameters name: (identifier) @parameter) body: (_) @scope)
(variable_declaration (assignment_statement (variable_list name: (identifier) @variable))) @after
(variable_declaration (variable_list name: (identifier) @variable)) @after
(for_statement clause: (for_numeric_clause name: (identifier) @loop) body: (_) @scope)
(for_statement clause: (for_generic_clause (variable_list name: (identifier) @loop)) body: (_) @scope)
((identifier) @dynamic (#eq? @dynamic "debug"))
"""

LUA = Language(
    id="lua",
    name="Lua",
    line_comment="--",
    fence_tags=("lua",),
    lsp_ids=("lua",),
    extensions=(".lua",),
    grammar=Grammar(module="tree_sitter_lua"),
    queries=Queries(structure=_STRUCTURE, names=_NAMES, locals=_LOCALS),
    directive=r"#!",
    wrappers=words("variable_declaration"),
    doc_comment=r"--",
    doc_style=DocStyle.DASHES,
    scopes=words("""
      chunk block for_statement while_statement repeat_statement if_statement elseif_statement else_statement
      do_statement function_declaration function_definition
    """),
    builtins=words("""
      _G _VERSION assert bit32 collectgarbage coroutine debug dofile error getmetatable io ipairs load loadfile
      loadstring math next os package pairs pcall print rawequal rawget rawlen rawset require select self setmetatable
      string table tonumber tostring type unpack utf8 xpcall jit vim arg
    """),
    keywords=words("""
      and break do else elseif end false for function goto if in local nil not or repeat return then true until while
      self
    """),
)
