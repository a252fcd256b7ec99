"""Ruby."""

from __future__ import annotations

from parley_agent.syntax.language import DocStyle, Grammar, Language, Queries, words

_STRUCTURE = """
(method name: (_) @name parameters: (method_parameters)? @parameters body: (_)? @body) @function
(singleton_method name: (_) @name parameters: (method_parameters)? @parameters body: (_)? @body) @method

(class name: (_) @name body: (_)? @body) @class
(module name: (_) @name body: (_)? @body) @class
(method_parameters [
  (identifier) @parameter
  (optional_parameter name: (identifier) @parameter)
  (splat_parameter name: (identifier) @parameter)
  (keyword_parameter name: (identifier) @parameter)
  (hash_splat_parameter name: (identifier) @parameter)
  (block_parameter name: (identifier) @parameter)
]) @list

(program (call method: (identifier) @require
  (#any-of? @require "require" "require_relative" "load" "autoload")) @import)
"""

_NAMES = """
(identifier) @reference
(constant) @type
(instance_variable) @member
(class_variable) @member
(global_variable) @member
(call receiver: (_) method: (_) @member)
(hash_key_symbol) @member
(scope_resolution scope: (_) name: (_) @member)
(method name: (identifier) @definition)
(singleton_method name: (identifier) @definition)
(class name: (constant) @definition)
(module name: (constant) @definition)
(assignment left: (constant) @definition)
(assignment left: (identifier) @definition)

(operator_assignment left: (identifier) @definition)
(left_assignment_list (identifier) @definition)
(destructured_left_assignment (identifier) @definition)
(rest_assignment (identifier) @definition)
(method_parameters (identifier) @definition)
(block_parameters (identifier) @definition)
(lambda_parameters (identifier) @definition)
(destructured_parameter (identifier) @definition)
(optional_parameter name: (identifier) @definition)
(splat_parameter name: (identifier) @definition)
(keyword_parameter name: (identifier) @definition)
(hash_splat_parameter name: (identifier) @definition)
(block_parameter name: (identifier) @definition)
(exception_variable (identifier) @definition)
(for pattern: (identifier) @definition)
(as_pattern name: (identifier) @definition)
"""

_LOCALS = """
(method_parameters (identifier) @parameter @after)
(method_parameters (optional_parameter name: (identifier) @parameter) @after)
(method_parameters (splat_parameter name: (identifier) @parameter) @after)
(method_parameters (hash_splat_parameter name: (identifier) @parameter) @after)
(method_parameters (block_parameter name: (identifier) @parameter) @after)
(block_parameters (identifier) @parameter @after)
(block_parameters (destructured_parameter (identifier) @parameter) @after)
(lambda_parameters (identifier) @parameter @after)

(assignment left: (identifier) @variable) @after
(assignment left: (left_assignment_list (identifier) @variable)) @after
(exception_variable (identifier) @variable @after)
(for pattern: (identifier) @loop body: (_) @scope)
(keyword_parameter name: (identifier) @unsure)
(pair key: (hash_key_symbol) @unsure !value)
(keyword_pattern key: (hash_key_symbol) @unsure !value)

(call !receiver method: (identifier) @unsure)
(method name: (identifier) @unsure)
((identifier) @dynamic (#any-of? @dynamic
  "binding" "eval" "instance_eval" "class_eval" "module_eval" "local_variables" "local_variable_get"
  "local_variable_set"))
"""

RUBY = Language(
    id="ruby",
    name="Ruby",
    line_comment="#",
    fence_tags=("ruby", "rb"),
    lsp_ids=("ruby",),
    extensions=(".rb", ".rake", ".gemspec"),
    grammar=Grammar(module="tree_sitter_ruby"),
    queries=Queries(structure=_STRUCTURE, names=_NAMES, locals=_LOCALS, opaque="(regex) @opaque"),
    directive=r"#!|#.*coding[:=]|#\s*(frozen_string_literal|warn_indent|shareable_constant_value|rubocop|typed):",
    doc_comment=r"#",
    doc_style=DocStyle.HASHES,
    scopes=words("program method singleton_method block do_block lambda class singleton_class module"),
    builtins=words("""
      ARGV ArgumentError Array BasicObject Class Comparable Data ENV Encoding EncodingError Enumerable Enumerator
      Exception FalseClass File Float FrozenError Hash IO IOError IndexError Integer Kernel KeyError Marshal Math
      Method Module NameError NilClass NoMethodError NotImplementedError Numeric Object ObjectSpace Proc Process
      RUBY_VERSION Random Range RangeError Rational Regexp RuntimeError STDERR STDIN STDOUT Set StandardError
      StopIteration String Struct Symbol Thread Time TrueClass TypeError ZeroDivisionError __FILE__ __LINE__ __dir__
      __method__ abort alias_method at_exit attr_accessor attr_reader attr_writer binding block_given? caller catch
      define_method exit extend fail format freeze gets include lambda load loop module_function p pp prepend print
      printf private private_constant proc protected public puts raise rand require require_relative respond_to? self
      send sleep sprintf srand super throw warn yield _1 _2 it
    """),
    keywords=words("""
      BEGIN END alias and begin break case class def defined? do else elsif end ensure false for if in module next nil
      not or redo rescue retry return self super then true undef unless until when while yield __FILE__ __LINE__
      __ENCODING__
    """),
    identifier=r"[a-z_]\w*",
)
