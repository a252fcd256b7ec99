"""TypeScript and TSX: JavaScript's queries, and what types add to them."""

from __future__ import annotations

from parley_agent.syntax.language import DocStyle, Grammar, Language, Queries, words
from parley_agent.syntax.languages import javascript as js

_STRUCTURE = f"""
{js.SHARED_STRUCTURE}
(abstract_class_declaration name: (_) @name body: (class_body) @body) @class
(interface_declaration name: (_) @name body: (_) @body) @class
(enum_declaration name: (_) @name body: (_) @body) @class

(public_field_definition name: (_) @name value: {js.FUNCTION_VALUE}) @method

(internal_module name: (_) @container.name) @container
(formal_parameters [
  (required_parameter pattern: (identifier) @parameter)
  (optional_parameter pattern: (identifier) @parameter)
  (required_parameter pattern: (rest_pattern (identifier) @parameter))
  (required_parameter pattern: (object_pattern (shorthand_property_identifier_pattern) @parameter))
  (required_parameter pattern: (object_pattern
    (object_assignment_pattern left: (shorthand_property_identifier_pattern) @parameter)))
  (required_parameter pattern: (object_pattern (pair_pattern value: (identifier) @parameter)))
  (required_parameter pattern: (array_pattern (identifier) @parameter))
]) @list
"""

_NAMES = f"""
{js.SHARED_NAMES}
(type_identifier) @type
(required_parameter pattern: (identifier) @definition)
(optional_parameter pattern: (identifier) @definition)
(abstract_class_declaration name: (_) @definition)
(interface_declaration name: (_) @definition)
(type_alias_declaration name: (_) @definition)
(enum_declaration name: (_) @definition)
(internal_module name: (identifier) @definition)
(type_parameter name: (type_identifier) @definition)
(infer_type (type_identifier) @definition)
(index_signature name: (identifier) @definition)
(mapped_type_clause name: (type_identifier) @definition)
(import_alias (identifier) @definition)
(function_signature name: (identifier) @definition)
"""

_LOCALS = f"""
{js.SHARED_LOCALS}
(formal_parameters (required_parameter pattern: (identifier) @parameter) @after)
(formal_parameters (optional_parameter pattern: (identifier) @parameter) @after)
(formal_parameters (required_parameter pattern: (rest_pattern (identifier) @parameter)) @after)
(formal_parameters (required_parameter pattern: (array_pattern (identifier) @parameter)) @after)
(formal_parameters (required_parameter
  pattern: (object_pattern (pair_pattern value: (identifier) @parameter))) @after)

(_ (accessibility_modifier) pattern: (identifier) @unsure)
(_ "readonly" pattern: (identifier) @unsure)
(_ (decorator) pattern: (identifier) @unsure)
(type_query (identifier) @unsure)
"""

_TYPE_SCOPES = words("""
  function_type constructor_type method_signature call_signature construct_signature function_signature
  abstract_method_signature
""")

_BUILTINS = js.BUILTINS | words("""
  Awaited Capitalize ConstructorParameters Exclude Extract InstanceType Lowercase NoInfer NonNullable Omit
  OmitThisParameter Parameters Partial Pick PromiseLike PropertyKey Readonly ReadonlyArray ReadonlyMap ReadonlySet
  Record Required ReturnType ThisParameterType ThisType Uncapitalize Uppercase ArrayLike AsyncGenerator AsyncIterable
  AsyncIterableIterator AsyncIterator Generator Iterable IterableIterator PropertyDescriptor TemplateStringsArray
  NodeJS JSX React const
""")

_KEYWORDS = js.KEYWORDS | words("""
  abstract any asserts bigint boolean declare infer is keyof module namespace never number object override readonly
  satisfies string symbol type unique unknown
""")


def _typescript(
    *, language_id: str, name: str, fence_tags: tuple[str, ...], extensions: tuple[str, ...], grammar: Grammar
) -> Language:
    is_tsx = grammar.function == "language_tsx"
    queries = Queries(
        structure=_STRUCTURE,
        names=_NAMES + (js.JSX_NAMES if is_tsx else ""),
        locals=_LOCALS + (js.JSX_LOCALS if is_tsx else ""),
    )
    return Language(
        id=language_id,
        name=name,
        line_comment="//",
        fence_tags=fence_tags,
        lsp_ids=(language_id,),
        extensions=extensions,
        grammar=grammar,
        queries=queries,
        comments=words("comment html_comment"),
        directive=js.DIRECTIVE,
        wrappers=words("export_statement ambient_declaration"),
        attached=words("decorator"),
        doc_comment=r"/\*\*",
        doc_style=DocStyle.JSDOC,
        scopes=js.SCOPES | _TYPE_SCOPES,
        builtins=_BUILTINS,
        keywords=_KEYWORDS,
        identifier=r"[^\W\d]\w*",
    )


TYPESCRIPT = _typescript(
    language_id="typescript",
    name="TypeScript",
    fence_tags=("typescript", "ts"),
    extensions=(".ts", ".mts", ".cts"),
    grammar=Grammar(module="tree_sitter_typescript", function="language_typescript"),
)
TSX = _typescript(
    language_id="typescriptreact",
    name="TSX",
    fence_tags=("tsx", "typescript", "ts"),
    extensions=(".tsx",),
    grammar=Grammar(module="tree_sitter_typescript", function="language_tsx"),
)
