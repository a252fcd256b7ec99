"""Rust."""

from __future__ import annotations

from parley_agent.syntax.language import DocStyle, Grammar, Language, Queries, words

_STRUCTURE = """
(function_item name: (_) @name parameters: (parameters) @parameters body: (block) @body) @function
(struct_item name: (type_identifier) @name body: (_)? @body) @class
(enum_item name: (type_identifier) @name body: (_) @body) @class
(union_item name: (type_identifier) @name body: (_) @body) @class
(trait_item name: (type_identifier) @name body: (_) @body) @class
(impl_item type: [
  (type_identifier) @name
  (scoped_type_identifier name: (type_identifier) @name)
  (generic_type type: (type_identifier) @name)
  (generic_type type: (scoped_type_identifier name: (type_identifier) @name))
  (reference_type type: (type_identifier) @name)
] body: (_) @body) @class
(mod_item name: (identifier) @container.name body: (_)) @container
(parameters [
  (self_parameter (self) @parameter)
  (parameter pattern: (identifier) @parameter)
  (parameter pattern: (tuple_pattern (identifier) @parameter))
  (parameter pattern: (mut_pattern (identifier) @parameter))
]) @list
(source_file [(use_declaration) (extern_crate_declaration)] @import)
"""

_NAMES = """
(identifier) @reference
(type_identifier) @type
(field_identifier) @member
(shorthand_field_identifier) @definition
(label (identifier) @member)
(token_tree "." . (identifier) @member)
(attribute (identifier) @member)
(attribute arguments: (token_tree (identifier) @member))
(scoped_identifier name: (identifier) @member)
(scoped_type_identifier name: (type_identifier) @member)
(function_item name: (identifier) @definition)
(function_signature_item name: (identifier) @definition)
(struct_item name: (_) @definition)
(enum_item name: (_) @definition)
(union_item name: (_) @definition)
(trait_item name: (_) @definition)
(type_item name: (_) @definition)
(associated_type name: (_) @definition)
(type_parameter name: (_) @definition)
(const_parameter name: (_) @definition)
(const_item name: (_) @definition)
(static_item name: (_) @definition)
(mod_item name: (_) @definition)
(macro_definition name: (_) @definition)
(enum_variant name: (_) @definition)
(parameter pattern: (identifier) @definition)
(closure_parameters (identifier) @definition)
(let_declaration pattern: (identifier) @definition)
(let_condition pattern: (identifier) @definition)
(for_expression pattern: (identifier) @definition)
(tuple_pattern (identifier) @definition)
(slice_pattern (identifier) @definition)
(tuple_struct_pattern type: (_) (identifier) @definition)
(mut_pattern (identifier) @definition)
(ref_pattern (identifier) @definition)
(reference_pattern (identifier) @definition)
(captured_pattern . (identifier) @definition)
(match_pattern . (identifier) @definition)
(or_pattern (identifier) @definition)
(field_pattern pattern: (identifier) @definition)
(use_as_clause alias: (identifier) @definition)
"""

_WELL_KNOWN_MACROS = (
    "println|print|eprintln|eprint|format|format_args|write|writeln|vec|panic|assert|assert_eq|assert_ne|debug_assert"
    "|debug_assert_eq|debug_assert_ne|matches|todo|unreachable|unimplemented"
)

_LOCALS = """
(function_item parameters: (parameters (parameter pattern: (identifier) @parameter)) body: (_) @scope)
(function_item parameters: (parameters (parameter
  pattern: (tuple_pattern (identifier) @parameter))) body: (_) @scope)
(closure_expression parameters: (closure_parameters (identifier) @parameter) body: (_) @scope)
(closure_expression parameters: (closure_parameters (parameter pattern: (identifier) @parameter)) body: (_) @scope)
(closure_expression parameters: (closure_parameters (tuple_pattern (identifier) @parameter)) body: (_) @scope)

(let_declaration pattern: (identifier) @variable) @after
(let_declaration pattern: (tuple_pattern (identifier) @variable)) @after
(let_declaration pattern: (tuple_pattern (mut_pattern (identifier) @variable))) @after
(let_declaration pattern: (tuple_struct_pattern type: (_) (identifier) @variable)) @after
(if_expression condition: (let_condition
  pattern: (tuple_struct_pattern type: (_) (identifier) @variable)) consequence: (_) @scope)
(while_expression condition: (let_condition
  pattern: (tuple_struct_pattern type: (_) (identifier) @variable)) body: (_) @scope)
(match_arm pattern: (match_pattern . (tuple_struct_pattern type: (_) (identifier) @variable))) @scope
(match_arm pattern: (match_pattern . (identifier) @variable)) @scope
(match_arm pattern: (match_pattern . (captured_pattern . (identifier) @variable))) @scope
(for_expression pattern: (identifier) @loop body: (_) @scope)
(for_expression pattern: (tuple_pattern (identifier) @loop) body: (_) @scope)
((identifier) @unsure (#match? @unsure "^[A-Z]"))
(shorthand_field_identifier) @unsure
(shorthand_field_initializer (identifier) @unsure)
(token_tree (identifier) @unsure . ":")
(token_tree (string_literal) @template)
(token_tree (raw_string_literal) @template)
"""

_OPAQUE = f"""
((macro_invocation macro: (_) @macro (#not-match? @macro "^({_WELL_KNOWN_MACROS})$")) @opaque)
(macro_definition) @opaque
"""

RUST = Language(
    id="rust",
    name="Rust",
    line_comment="//",
    fence_tags=("rust", "rs"),
    lsp_ids=("rust",),
    extensions=(".rs",),
    grammar=Grammar(module="tree_sitter_rust"),
    queries=Queries(structure=_STRUCTURE, names=_NAMES, locals=_LOCALS, opaque=_OPAQUE),
    comments=words("line_comment block_comment"),
    directive=r"#!",
    attached=words("attribute_item"),
    doc_comment=r"///|/\*\*",
    doc_style=DocStyle.TRIPLE_SLASHES,
    separator="::",
    scopes=words("""
      block function_item closure_expression match_arm for_expression while_expression if_expression source_file
    """),
    builtins=words("""
      AsMut AsRef Box Clone Copy Debug Default DoubleEndedIterator Drop Eq Err ExactSizeIterator Extend Fn FnMut
      FnOnce From FromIterator Hash Into IntoIterator Iterator None Ok Option Ord PartialEq PartialOrd Result Self
      Send Sized Some String Sync ToOwned ToString TryFrom TryInto Unpin Vec alloc array assert assert_eq assert_ne
      bool cfg char column compile_error concat core crate dbg debug_assert debug_assert_eq debug_assert_ne drop env
      eprint eprintln f32 f64 file format format_args i128 i16 i32 i64 i8 include include_bytes include_str isize line
      macro_rules matches module_path option_env panic print println self std str stringify super thread_local todo
      u128 u16 u32 u64 u8 unimplemented unreachable usize vec write writeln _
    """),
    keywords=words("""
      Self abstract as async await become box break const continue crate do dyn else enum extern false final fn for if
      impl in let loop macro match mod move mut override priv pub ref return self static struct super trait true try
      type typeof unsafe unsized use virtual where while yield
    """),
)
