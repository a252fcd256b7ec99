"""JavaScript and JSX, which share a grammar, and the parts of both that TypeScript's grammars have too."""

from __future__ import annotations

from parley_agent.syntax.language import DocStyle, Grammar, Language, Queries, words

# Among values only functions have these fields. Named by their types they would take ten times as long to read.
FUNCTION_VALUE = """[
  (_ parameters: (formal_parameters) @parameters body: (_) @body)
  (_ parameter: (identifier) @parameters body: (_) @body)
]"""

SHARED_STRUCTURE = f"""
(function_declaration
  name: (identifier) @name parameters: (formal_parameters) @parameters body: (_) @body) @function
(generator_function_declaration
  name: (identifier) @name parameters: (formal_parameters) @parameters body: (_) @body) @function
(class_declaration name: (_) @name body: (class_body) @body) @class

(method_definition name: (_) @name parameters: (formal_parameters) @parameters body: (_) @body) @method
(lexical_declaration . (variable_declarator name: (identifier) @name value: {FUNCTION_VALUE}) .) @function
(variable_declaration . (variable_declarator name: (identifier) @name value: {FUNCTION_VALUE}) .) @function
(pair key: (property_identifier) @name value: {FUNCTION_VALUE}) @function

(expression_statement . (assignment_expression
  left: (member_expression property: (_) @name) right: {FUNCTION_VALUE}) .) @function
(arrow_function parameter: (identifier) @parameter) @list
(program (import_statement) @import)
(program (lexical_declaration (variable_declarator
  value: (call_expression function: (identifier) @require (#eq? @require "require")))) @import)
"""

_STRUCTURE = f"""
{SHARED_STRUCTURE}
(field_definition property: (_) @name value: {FUNCTION_VALUE}) @method
(formal_parameters [
  (identifier) @parameter
  (assignment_pattern left: (identifier) @parameter)
  (rest_pattern (identifier) @parameter)
  (object_pattern (shorthand_property_identifier_pattern) @parameter)
  (object_pattern (object_assignment_pattern left: (shorthand_property_identifier_pattern) @parameter))
  (object_pattern (pair_pattern value: (identifier) @parameter))
  (object_pattern (pair_pattern value: (assignment_pattern left: (identifier) @parameter)))
  (array_pattern (identifier) @parameter)
]) @list
"""

SHARED_NAMES = """
(identifier) @reference
(shorthand_property_identifier) @reference
(shorthand_property_identifier_pattern) @definition
(property_identifier) @member
(private_property_identifier) @member
(statement_identifier) @member
(function_declaration name: (identifier) @definition)
(generator_function_declaration name: (identifier) @definition)
(function_expression name: (identifier) @definition)
(class_declaration name: (_) @definition)
(class name: (_) @definition)
(variable_declarator name: (identifier) @definition)
(arrow_function parameter: (identifier) @definition)
(pair_pattern value: (identifier) @definition)
(array_pattern (identifier) @definition)
(rest_pattern (identifier) @definition)
(assignment_pattern left: (identifier) @definition)
(for_in_statement left: (identifier) @definition)
(catch_clause parameter: (identifier) @definition)
(import_clause (identifier) @definition)
(namespace_import (identifier) @definition)
(import_specifier name: (identifier) @definition)
(import_specifier alias: (identifier) @definition)
(assignment_expression left: (identifier) @definition)
"""

SHARED_LOCALS = """
(lexical_declaration (variable_declarator name: (identifier) @variable) @after)
(lexical_declaration (variable_declarator name: (array_pattern (identifier) @variable)) @after)
(lexical_declaration (variable_declarator
  name: (object_pattern (pair_pattern value: (identifier) @variable))) @after)
(variable_declaration (variable_declarator name: (identifier) @variable) @after)

(for_in_statement kind: _ left: (identifier) @loop body: (_) @scope)
(for_in_statement kind: _ left: (array_pattern (identifier) @loop) body: (_) @scope)
(catch_clause parameter: (identifier) @variable body: (_) @scope)
(arrow_function parameter: (identifier) @parameter body: (_) @scope)
(shorthand_property_identifier) @unsure
(shorthand_property_identifier_pattern) @unsure
(with_statement) @dynamic
((call_expression function: (identifier) @called (#eq? @called "eval")) @dynamic)
"""

_LOCALS = f"""
{SHARED_LOCALS}
(formal_parameters (identifier) @parameter @after)
(formal_parameters (assignment_pattern left: (identifier) @parameter) @after)
(formal_parameters (rest_pattern (identifier) @parameter) @after)
(formal_parameters (array_pattern (identifier) @parameter) @after)
(formal_parameters (object_pattern (pair_pattern value: (identifier) @parameter)) @after)
"""

JSX_LOCALS = """
(jsx_opening_element name: (identifier) @unsure)
(jsx_self_closing_element name: (identifier) @unsure)
"""

JSX_NAMES = """
((jsx_opening_element name: (identifier) @member) (#match? @member "^[a-z]"))
((jsx_closing_element name: (identifier) @member) (#match? @member "^[a-z]"))
((jsx_self_closing_element name: (identifier) @member) (#match? @member "^[a-z]"))
"""

_NAMES = f"""
{SHARED_NAMES}
{JSX_NAMES}
(formal_parameters (identifier) @definition)
"""

BUILTINS = words("""
  AggregateError Array ArrayBuffer Atomics BigInt BigInt64Array BigUint64Array Boolean DataView Date Error EvalError
  FinalizationRegistry Float32Array Float64Array Function Infinity Int16Array Int32Array Int8Array Intl JSON Map Math
  NaN Number Object Promise Proxy RangeError ReferenceError Reflect RegExp Set SharedArrayBuffer String Symbol
  SyntaxError TypeError URIError Uint16Array Uint32Array Uint8Array Uint8ClampedArray WeakMap WeakRef WeakSet Iterator
  arguments decodeURI decodeURIComponent encodeURI encodeURIComponent escape eval globalThis isFinite isNaN parseFloat
  parseInt undefined unescape AbortController AbortSignal Blob BroadcastChannel CompressionStream CustomEvent
  DOMException Event EventTarget File FormData Headers MessageChannel MessageEvent MessagePort ReadableStream Request
  Response TextDecoder TextEncoder TransformStream URL URLSearchParams WebAssembly WebSocket WritableStream atob btoa
  clearImmediate clearInterval clearTimeout console crypto fetch navigator performance queueMicrotask setImmediate
  setInterval setTimeout structuredClone Buffer __dirname __filename exports global module process require alert
  cancelAnimationFrame confirm customElements document Document Element getComputedStyle history HTMLElement Image
  indexedDB IntersectionObserver KeyboardEvent localStorage location matchMedia MouseEvent MutationObserver Node
  NodeList prompt requestAnimationFrame ResizeObserver screen self sessionStorage window Worker XMLHttpRequest
  describe it test expect beforeEach afterEach beforeAll afterAll jest
""")

KEYWORDS = words("""
  arguments as async await break case catch class const continue debugger default delete do else enum eval export
  extends false finally for from function get if implements import in instanceof interface let new null of package
  private protected public return set static super switch this throw true try typeof undefined var void while with
  yield
""")

DIRECTIVE = (
    r"#!|//\s*(eslint|@ts-|prettier-|istanbul|c8|v8)|/\*\s*(eslint|global|jshint|istanbul|@jsx|@__PURE__)|///\s*<"
)

SCOPES = words("""
  program statement_block for_statement for_in_statement catch_clause switch_body class_body arrow_function
  function_declaration function_expression generator_function generator_function_declaration method_definition
  class_static_block
""")


def _javascript(*, language_id: str, name: str, fence_tags: tuple[str, ...], extensions: tuple[str, ...]) -> Language:
    return Language(
        id=language_id,
        name=name,
        line_comment="//",
        fence_tags=fence_tags,
        lsp_ids=(language_id,),
        extensions=extensions,
        grammar=Grammar(module="tree_sitter_javascript"),
        queries=Queries(structure=_STRUCTURE, names=_NAMES, locals=_LOCALS + JSX_LOCALS),
        comments=words("comment html_comment"),
        directive=DIRECTIVE,
        wrappers=words("export_statement"),
        attached=words("decorator"),
        doc_comment=r"/\*\*",
        doc_style=DocStyle.JSDOC,
        scopes=SCOPES,
        builtins=BUILTINS,
        keywords=KEYWORDS,
        identifier=r"[^\W\d]\w*",
    )


JAVASCRIPT = _javascript(
    language_id="javascript",
    name="JavaScript",
    fence_tags=("javascript", "js", "node"),
    extensions=(".js", ".mjs", ".cjs"),
)
JSX = _javascript(
    language_id="javascriptreact", name="JSX", fence_tags=("jsx", "javascript", "js"), extensions=(".jsx",)
)
