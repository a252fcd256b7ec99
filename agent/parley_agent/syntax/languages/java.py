"""Java."""

from __future__ import annotations

from parley_agent.syntax.language import DocStyle, Grammar, Language, Queries, words

_STRUCTURE = """
(method_declaration name: (identifier) @name parameters: (formal_parameters) @parameters body: (block) @body) @method
(constructor_declaration name: (identifier) @name parameters: (formal_parameters) @parameters body: (_) @body) @method
(compact_constructor_declaration name: (identifier) @name body: (_) @body) @method
(class_declaration name: (identifier) @name body: (class_body) @body) @class
(interface_declaration name: (identifier) @name body: (_) @body) @class
(enum_declaration name: (identifier) @name body: (_) @body) @class
(record_declaration name: (identifier) @name parameters: (_) @parameters body: (_) @body) @class
(annotation_type_declaration name: (identifier) @name body: (_) @body) @class
(formal_parameters (formal_parameter name: (identifier) @parameter)) @list
(formal_parameters (spread_parameter (variable_declarator name: (identifier) @parameter))) @list
(program (import_declaration) @import)
"""

_NAMES = """
(identifier) @reference
(type_identifier) @type
(field_access field: (identifier) @member)
(method_invocation object: (_) name: (identifier) @member)
(method_reference (_) (identifier) @member .)
(element_value_pair key: (identifier) @member)
(labeled_statement . (identifier) @member)
(break_statement (identifier) @member)
(continue_statement (identifier) @member)
(scoped_type_identifier (_) (type_identifier) @member)
(scoped_identifier name: (identifier) @member)
(package_declaration (identifier) @member)
(scoped_identifier scope: (identifier) @member)
(method_declaration name: (identifier) @definition)
(constructor_declaration name: (identifier) @definition)
(class_declaration name: (identifier) @definition)
(interface_declaration name: (identifier) @definition)
(enum_declaration name: (identifier) @definition)
(record_declaration name: (identifier) @definition)
(annotation_type_declaration name: (identifier) @definition)
(annotation_type_element_declaration name: (identifier) @definition)
(enum_constant name: (identifier) @definition)
(type_parameter (type_identifier) @definition)
(variable_declarator name: (identifier) @definition)
(formal_parameter name: (identifier) @definition)
(catch_formal_parameter name: (identifier) @definition)
(enhanced_for_statement name: (identifier) @definition)
(resource name: (identifier) @definition)
(inferred_parameters (identifier) @definition)
(lambda_expression parameters: (identifier) @definition)
(instanceof_expression name: (identifier) @definition)
(type_pattern (identifier) @definition)
(record_pattern_component (identifier) @definition)
"""

_LOCALS = """
(method_declaration parameters: (formal_parameters (formal_parameter name: (identifier) @parameter)) body: (_) @scope)
(method_declaration parameters: (formal_parameters
  (spread_parameter (variable_declarator name: (identifier) @parameter))) body: (_) @scope)
(constructor_declaration
  parameters: (formal_parameters (formal_parameter name: (identifier) @parameter)) body: (_) @scope)
(lambda_expression parameters: (identifier) @parameter body: (_) @scope)
(lambda_expression parameters: (inferred_parameters (identifier) @parameter) body: (_) @scope)
(lambda_expression
  parameters: (formal_parameters (formal_parameter name: (identifier) @parameter)) body: (_) @scope)
(local_variable_declaration declarator: (variable_declarator name: (identifier) @variable) @after)
(enhanced_for_statement name: (identifier) @loop body: (_) @scope)
(catch_clause (catch_formal_parameter name: (identifier) @variable) body: (_) @scope)
(try_with_resources_statement
  resources: (resource_specification (resource name: (identifier) @variable)) body: (_) @scope)
(formal_parameter (modifiers [(annotation) (marker_annotation)]) name: (identifier) @unsure)
(field_declaration declarator: (variable_declarator name: (identifier) @unsure))
(method_invocation !object name: (identifier) @unsure)
"""

JAVA = Language(
    id="java",
    name="Java",
    line_comment="//",
    fence_tags=("java",),
    lsp_ids=("java",),
    extensions=(".java",),
    grammar=Grammar(module="tree_sitter_java"),
    queries=Queries(structure=_STRUCTURE, names=_NAMES, locals=_LOCALS),
    comments=words("line_comment block_comment"),
    doc_comment=r"/\*\*",
    doc_style=DocStyle.JSDOC,
    scopes=words("""
      block constructor_body for_statement enhanced_for_statement try_with_resources_statement catch_clause
      lambda_expression method_declaration constructor_declaration switch_block_statement_group switch_rule class_body
      program
    """),
    builtins=words("""
      Appendable ArithmeticException ArrayIndexOutOfBoundsException AssertionError AutoCloseable Boolean Byte
      CharSequence Character Class ClassCastException Cloneable CloneNotSupportedException Comparable Deprecated
      Double Enum Error Exception Float FunctionalInterface IllegalArgumentException IllegalStateException
      IndexOutOfBoundsException Integer InterruptedException Iterable Long Math NegativeArraySizeException
      NullPointerException Number NumberFormatException Object OutOfMemoryError Override Process ProcessBuilder
      Readable Record ReflectiveOperationException Runnable Runtime RuntimeException SafeVarargs SecurityException
      Short StackOverflowError StackTraceElement StrictMath String StringBuffer StringBuilder SuppressWarnings System
      Thread ThreadLocal Throwable UnsupportedOperationException Void java javax var
    """),
    keywords=words("""
      _ abstract assert boolean break byte case catch char class const continue default do double else enum extends
      false final finally float for goto if implements import instanceof int interface long native new null package
      permits private protected public record return sealed short static strictfp super switch synchronized this throw
      throws transient true try var void volatile while yield
    """),
    identifier=r"[^\W\d]\w*",
)
