"""Go."""

from __future__ import annotations

from parley_agent.syntax.language import DocStyle, Grammar, Language, Queries, words

_STRUCTURE = """
(function_declaration name: (identifier) @name parameters: (parameter_list) @parameters body: (block) @body) @function
(method_declaration
  receiver: (parameter_list (parameter_declaration type: [
    (type_identifier) @receiver
    (generic_type type: (type_identifier) @receiver)
    (pointer_type (type_identifier) @receiver)
    (pointer_type (generic_type type: (type_identifier) @receiver))
  ]))
  name: (field_identifier) @name parameters: (parameter_list) @parameters body: (block) @body) @method
(type_declaration . (type_spec name: (type_identifier) @name type: [(struct_type) (interface_type)] @body) .) @class
(parameter_list (parameter_declaration name: (identifier) @parameter)) @list
(parameter_list (variadic_parameter_declaration name: (identifier) @parameter)) @list
(source_file (import_declaration) @import)
"""

_NAMES = """
(identifier) @reference
(package_identifier) @reference
(type_identifier) @type
(field_identifier) @member
(label_name) @member
(keyed_element key: (literal_element (identifier) @member))
(function_declaration name: (identifier) @definition)
(type_spec name: (type_identifier) @definition)
(type_alias name: (type_identifier) @definition)
(type_parameter_declaration name: (identifier) @definition)
(parameter_declaration name: (identifier) @definition)
(variadic_parameter_declaration name: (identifier) @definition)
(short_var_declaration left: (expression_list (identifier) @definition))
(range_clause left: (expression_list (identifier) @definition))
(receive_statement left: (expression_list (identifier) @definition))
(type_switch_statement alias: (expression_list (identifier) @definition))
(var_spec name: (identifier) @definition)
(const_spec name: (identifier) @definition)
(package_clause (package_identifier) @definition)
(import_spec name: (package_identifier) @definition)
"""

_PARAMETERS = "\n".join(
    f"({function} {field}: (parameter_list ({declaration} name: (identifier) @parameter)) body: (_) @scope)"
    for function in ("function_declaration", "method_declaration", "func_literal")
    for field, declaration in (
        ("parameters", "parameter_declaration"),
        ("parameters", "variadic_parameter_declaration"),
        ("result", "parameter_declaration"),
    )
)

_LOCALS = f"""
{_PARAMETERS}
(method_declaration receiver: (parameter_list (parameter_declaration name: (identifier) @parameter)) body: (_) @scope)
(short_var_declaration left: (expression_list (identifier) @variable)) @after
(var_spec name: (identifier) @variable) @after
(const_spec name: (identifier) @variable) @after
(for_statement (range_clause left: (expression_list (identifier) @loop) ":=") body: (_) @scope)
(communication_case communication: (receive_statement left: (expression_list (identifier) @variable) ":=") @after)
(type_switch_statement alias: (expression_list (identifier) @variable) (type_case) @scope)
(type_switch_statement alias: (expression_list (identifier) @variable) (default_case) @scope)
(keyed_element key: (literal_element (identifier) @unsure))
"""

GO = Language(
    id="go",
    name="Go",
    line_comment="//",
    fence_tags=("go", "golang"),
    lsp_ids=("go",),
    extensions=(".go",),
    grammar=Grammar(module="tree_sitter_go"),
    queries=Queries(structure=_STRUCTURE, names=_NAMES, locals=_LOCALS),
    directive=r"//go:|//\s*\+build|//export |//line |//nolint|//lint:",
    doc_comment=r"//|/\*",
    doc_style=DocStyle.SLASHES,
    scopes=words("""
      source_file block if_statement for_statement expression_switch_statement type_switch_statement select_statement
      expression_case type_case default_case communication_case func_literal function_declaration method_declaration
    """),
    builtins=words("""
      any append bool byte cap clear close comparable complex complex128 complex64 copy delete error false float32
      float64 imag int int16 int32 int64 int8 iota len make max min new nil panic print println real recover rune
      string true uint uint16 uint32 uint64 uint8 uintptr _
    """),
    keywords=words("""
      break case chan const continue default defer else fallthrough for func go goto if import interface map package
      range return select struct switch type var
    """),
)
