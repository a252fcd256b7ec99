"""C and C++, whose grammars are one built on the other. How queries are read belongs to `syntax.tree`."""

from __future__ import annotations

from parley_agent.syntax.language import DocStyle, Grammar, Language, Queries, words

_C_FUNCTION = """
(function_declarator declarator: (identifier) @name parameters: (parameter_list) @parameters)
"""

_POINTERS = """
(function_definition declarator: {0} body: (compound_statement) @body) @function

(function_definition declarator: (pointer_declarator declarator: {0}) body: (compound_statement) @body) @function

(function_definition
  declarator: (pointer_declarator declarator: (pointer_declarator declarator: {0}))
  body: (compound_statement) @body) @function
"""

_SHARED_STRUCTURE = """
(parameter_list [
  (parameter_declaration declarator: (identifier) @parameter)
  (parameter_declaration declarator: (pointer_declarator declarator: (identifier) @parameter))
  (parameter_declaration
    declarator: (pointer_declarator declarator: (pointer_declarator declarator: (identifier) @parameter)))
  (parameter_declaration
    declarator: (pointer_declarator declarator: (array_declarator declarator: (identifier) @parameter)))
  (parameter_declaration declarator: (array_declarator declarator: (identifier) @parameter))
  (parameter_declaration declarator: (function_declarator
    declarator: (parenthesized_declarator (pointer_declarator declarator: (identifier) @parameter))))
]) @list

(translation_unit (preproc_include) @import)
(translation_unit (preproc_ifdef (preproc_include) @import))

(struct_specifier name: (type_identifier) @name body: (_) @body) @class
(union_specifier name: (type_identifier) @name body: (_) @body) @class
(enum_specifier name: (type_identifier) @name body: (_) @body) @class
"""

_C_STRUCTURE = _POINTERS.format(_C_FUNCTION) + _SHARED_STRUCTURE

_CPP_FUNCTION = """
(function_declarator
  declarator: [(identifier) (field_identifier) (qualified_identifier) (destructor_name) (operator_name)] @name
  parameters: (parameter_list) @parameters)
"""

_CPP_STRUCTURE = f"""
{_POINTERS.format(_CPP_FUNCTION)}
{_SHARED_STRUCTURE}
(function_definition declarator: (reference_declarator {_CPP_FUNCTION}) body: (compound_statement) @body) @function

(class_specifier name: (_) @name body: (_) @body) @class
(namespace_definition name: (_) @container.name) @container
(parameter_list [
  (parameter_declaration declarator: (reference_declarator (identifier) @parameter))
  (optional_parameter_declaration declarator: (identifier) @parameter)
  (optional_parameter_declaration declarator: (reference_declarator (identifier) @parameter))
  (optional_parameter_declaration declarator: (pointer_declarator declarator: (identifier) @parameter))
]) @list
(translation_unit (using_declaration) @import)
"""

_SHARED_NAMES = """
(identifier) @reference
(type_identifier) @type
(field_identifier) @member
(statement_identifier) @member
(function_declarator declarator: (identifier) @definition)
(init_declarator declarator: (identifier) @definition)
(declaration declarator: (identifier) @definition)

(pointer_declarator declarator: (identifier) @definition)
(array_declarator declarator: (identifier) @definition)
(parenthesized_declarator (identifier) @definition)
(parameter_declaration declarator: (identifier) @definition)
(preproc_def name: (identifier) @definition)
(preproc_function_def name: (identifier) @definition)
(preproc_params (identifier) @definition)
(enumerator name: (identifier) @definition)
(struct_specifier name: (type_identifier) @definition body: (_))
(union_specifier name: (type_identifier) @definition body: (_))
(enum_specifier name: (type_identifier) @definition body: (_))
(type_definition declarator: (type_identifier) @definition)
"""

_CPP_NAMES = f"""
{_SHARED_NAMES}
(namespace_identifier) @reference
(reference_declarator (identifier) @definition)
(structured_binding_declarator (identifier) @definition)
(for_range_loop declarator: (identifier) @definition)
(optional_parameter_declaration declarator: (identifier) @definition)
(qualified_identifier name: (identifier) @member)
(qualified_identifier name: (type_identifier) @member)
(namespace_definition name: (namespace_identifier) @definition)
(namespace_alias_definition name: (namespace_identifier) @definition)
(class_specifier name: (type_identifier) @definition body: (_))
(alias_declaration name: (type_identifier) @definition)
(type_parameter_declaration (type_identifier) @definition)
(destructor_name (identifier) @member)
"""

_SHARED_LOCALS = """
(parameter_list (parameter_declaration declarator: (identifier) @parameter) @after)
(parameter_list (parameter_declaration declarator: (pointer_declarator declarator: (identifier) @parameter)) @after)

(parameter_list (parameter_declaration
  declarator: (pointer_declarator declarator: (pointer_declarator declarator: (identifier) @parameter))) @after)
(parameter_list (parameter_declaration declarator: (array_declarator declarator: (identifier) @parameter)) @after)
(parameter_list (parameter_declaration declarator: (pointer_declarator
  declarator: (array_declarator declarator: (identifier) @parameter))) @after)

(declaration declarator: (identifier) @variable) @after
(declaration declarator: (pointer_declarator declarator: (identifier) @variable)) @after

(declaration declarator: (array_declarator declarator: (identifier) @variable)) @after
(declaration declarator: (init_declarator declarator: (identifier) @variable)) @after

(declaration declarator: (init_declarator declarator: (pointer_declarator declarator: (identifier) @variable))) @after
(declaration declarator: (init_declarator declarator: (array_declarator declarator: (identifier) @variable))) @after
"""

_OPAQUE = """
(preproc_arg) @opaque
(declaration (storage_class_specifier) @storage (#eq? @storage "extern")) @opaque
"""

_CPP_LOCALS = f"""
{_SHARED_LOCALS}
(parameter_list (parameter_declaration declarator: (reference_declarator (identifier) @parameter)) @after)

(parameter_list (optional_parameter_declaration declarator: (identifier) @parameter) @after)
(parameter_list (optional_parameter_declaration declarator: (reference_declarator (identifier) @parameter)) @after)
(declaration declarator: (init_declarator declarator: (reference_declarator (identifier) @variable))) @after
(declaration declarator: (init_declarator declarator: (structured_binding_declarator (identifier) @variable))) @after

(for_range_loop declarator: (identifier) @loop body: (_) @scope)
(for_range_loop declarator: (reference_declarator (identifier) @loop) body: (_) @scope)

(for_range_loop declarator: (structured_binding_declarator (identifier) @loop) body: (_) @scope)
(for_range_loop declarator: (reference_declarator (structured_binding_declarator (identifier) @loop)) body: (_) @scope)
(lambda_capture_initializer left: (identifier) @unsure)
"""

_C_BUILTINS = words("""
  EOF FILE NULL abort abs assert atof atoi atol bool bsearch calloc ceil char clock_t cos double errno exit exp fabs
  false fclose fflush fgetc fgets float floor fopen fprintf fputc fputs fread free fseek ftell fwrite getchar getenv
  int int16_t int32_t int64_t int8_t intptr_t isalnum isalpha isdigit islower isspace isupper log long malloc memcmp
  memcpy memmove memset perror pow printf ptrdiff_t putchar puts qsort rand realloc scanf short sin size_t snprintf
  sprintf sqrt srand sscanf ssize_t stderr stdin stdout strcat strchr strcmp strcpy strdup strlen strncat strncmp
  strncpy strrchr strstr strtod strtok strtol strtoul time time_t tolower toupper true uint16_t uint32_t uint64_t
  uint8_t uintptr_t unsigned va_arg va_end va_list va_start void __func__ __FILE__ __LINE__ defined main argc argv
""")

_C_KEYWORDS = words("""
  _Alignas _Alignof _Atomic _Bool _Complex _Generic _Imaginary _Noreturn _Static_assert _Thread_local alignas alignof
  auto bool break case char const constexpr continue default do double else enum extern false float for goto if inline
  int long nullptr register restrict return short signed sizeof static static_assert struct switch thread_local true
  typedef typeof union unsigned void volatile while
""")

_SCOPES = words("""
  translation_unit compound_statement for_statement for_range_loop if_statement while_statement switch_statement
  catch_clause lambda_expression function_definition case_statement field_declaration_list declaration_list declaration
  parameter_declaration optional_parameter_declaration type_descriptor field_declaration
""")

C = Language(
    id="c",
    name="C",
    line_comment="//",
    fence_tags=("c", "h"),
    lsp_ids=("c",),
    extensions=(".c", ".h"),
    grammar=Grammar(module="tree_sitter_c"),
    queries=Queries(structure=_C_STRUCTURE, names=_SHARED_NAMES, locals=_SHARED_LOCALS, opaque=_OPAQUE),
    doc_comment=r"/\*|//",
    doc_style=DocStyle.JSDOC,
    scopes=_SCOPES,
    builtins=_C_BUILTINS,
    keywords=_C_KEYWORDS,
)

CPP = Language(
    id="cpp",
    name="C++",
    line_comment="//",
    fence_tags=("cpp", "c++", "cxx", "cc", "hpp"),
    lsp_ids=("cpp",),
    extensions=(".cpp", ".cc", ".cxx", ".c++", ".hpp", ".hh", ".hxx", ".h++", ".ipp", ".tpp"),
    grammar=Grammar(module="tree_sitter_cpp"),
    queries=Queries(structure=_CPP_STRUCTURE, names=_CPP_NAMES, locals=_CPP_LOCALS, opaque=_OPAQUE),
    wrappers=words("template_declaration"),
    doc_comment=r"/\*|//",
    doc_style=DocStyle.JSDOC,
    separator="::",
    scopes=_SCOPES,
    builtins=_C_BUILTINS | words("std this string vector map cout cin cerr endl nullptr"),
    keywords=_C_KEYWORDS
    | words("""
      and and_eq asm bitand bitor catch char16_t char32_t char8_t class co_await co_return co_yield compl concept
      const_cast consteval constinit decltype delete dynamic_cast explicit export final friend import module mutable
      namespace new noexcept not not_eq operator or or_eq override private protected public reinterpret_cast requires
      static_cast template this throw try typeid typename using virtual wchar_t xor xor_eq
    """),
)
