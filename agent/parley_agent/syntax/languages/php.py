"""PHP. Variables are named with their dollar sign."""

from __future__ import annotations

from parley_agent.syntax.language import DocStyle, Grammar, Language, Queries, words

_STRUCTURE = """
(function_definition name: (name) @name parameters: (_) @parameters body: (_) @body) @function
(method_declaration name: (name) @name parameters: (_) @parameters body: (_) @body) @method
(class_declaration name: (name) @name body: (_) @body) @class
(interface_declaration name: (name) @name body: (_) @body) @class
(trait_declaration name: (name) @name body: (_) @body) @class
(enum_declaration name: (name) @name body: (_) @body) @class
(formal_parameters [
  (simple_parameter name: (variable_name) @parameter)
  (variadic_parameter name: (variable_name) @parameter)
  (property_promotion_parameter name: (variable_name) @parameter)
]) @list
(program (namespace_use_declaration) @import)
(program (expression_statement [
  (require_expression) (require_once_expression) (include_expression) (include_once_expression)
]) @import)
"""

_NAMES = """
(variable_name) @reference
(function_call_expression function: (name) @reference)
(object_creation_expression (name) @type)
(named_type (name) @type)
(base_clause (name) @type)
(class_interface_clause (name) @type)
(scoped_call_expression scope: (name) @type)
(class_constant_access_expression . (name) @type)
(attribute (name) @type)
(member_access_expression name: (name) @member)
(member_call_expression name: (name) @member)

(scoped_call_expression name: (name) @member)
(property_element name: (variable_name) @definition)
(static_variable_declaration name: (variable_name) @definition)
(simple_parameter name: (variable_name) @definition)
(variadic_parameter name: (variable_name) @definition)
(property_promotion_parameter name: (variable_name) @definition)
(assignment_expression left: (variable_name) @definition)
(list_literal (variable_name) @definition)
(foreach_statement (_) (variable_name) @definition)
(foreach_statement (_) (pair (variable_name) @definition))
(catch_clause name: (variable_name) @definition)
(function_definition name: (name) @definition)
(method_declaration name: (name) @definition)
(class_declaration name: (name) @definition)
(interface_declaration name: (name) @definition)
(trait_declaration name: (name) @definition)
(enum_declaration name: (name) @definition)
(const_element . (name) @definition)
"""

PHP = Language(
    id="php",
    name="PHP",
    line_comment="//",
    fence_tags=("php",),
    lsp_ids=("php",),
    extensions=(".php", ".phtml"),
    grammar=Grammar(module="tree_sitter_php", function="language_php"),
    queries=Queries(structure=_STRUCTURE, names=_NAMES),
    directive=r"//\s*phpcs:|#\[",
    doc_comment=r"/\*\*",
    doc_style=DocStyle.JSDOC,
    builtins=words("""
      $this $GLOBALS $_SERVER $_GET $_POST $_FILES $_COOKIE $_SESSION $_REQUEST $_ENV self static parent
      ArgumentCountError ArithmeticError ArrayAccess ArrayIterator ArrayObject BadFunctionCallException
      BadMethodCallException Closure Countable DateInterval DateTime DateTimeImmutable DateTimeInterface
      DivisionByZeroError DomainException Error ErrorException Exception Generator InvalidArgumentException Iterator
      IteratorAggregate JsonException JsonSerializable LengthException LogicException OutOfBoundsException
      OutOfRangeException OverflowException RangeException RuntimeException Stringable Throwable Traversable TypeError
      UnexpectedValueException ValueError WeakMap abs array_column array_combine array_diff array_fill array_filter
      array_flip array_key_exists array_keys array_map array_merge array_pop array_push array_reduce array_reverse
      array_search array_shift array_slice array_splice array_sum array_unique array_unshift array_values array_walk
      arsort asort call_user_func ceil compact count date define defined explode file_get_contents file_put_contents
      floor fopen fclose fwrite func_get_args function_exists htmlspecialchars implode in_array intdiv is_array
      is_bool is_callable is_float is_int is_null is_numeric is_object is_string iterator_to_array json_decode
      json_encode krsort ksort lcfirst ltrim max mb_strlen mb_strtolower mb_strtoupper mb_substr microtime min
      number_format preg_match preg_match_all preg_replace preg_replace_callback preg_split print_r printf rand
      random_int range round rsort rtrim sort sprintf sqrt str_contains str_ends_with str_pad str_repeat str_replace
      str_split str_starts_with strcmp stripos strlen strpos strrev strtolower strtotime strtoupper strtr substr time
      trim ucfirst ucwords uasort uksort usort var_dump var_export
    """),
    keywords=words("$this"),
    identifier=r"\$[a-zA-Z_]\w*",
)
