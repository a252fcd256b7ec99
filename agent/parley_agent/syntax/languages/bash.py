"""Bash: names there live wherever the call happens to be, so none is renamed by the grammar alone."""

from __future__ import annotations

from parley_agent.syntax.language import DocStyle, Grammar, Language, Queries, words

_STRUCTURE = """
(function_definition name: (word) @name body: (_) @body) @function
(program (command name: (command_name) @source (#any-of? @source "source" ".")) @import)
"""

_NAMES = """
(variable_name) @reference
(variable_assignment name: (variable_name) @definition)
(declaration_command (variable_name) @definition)
(for_statement variable: (variable_name) @definition)
(function_definition name: (word) @definition)
"""

BASH = Language(
    id="shellscript",
    name="Bash",
    line_comment="#",
    fence_tags=("bash", "sh", "shell", "zsh"),
    lsp_ids=("shellscript", "bash", "sh"),
    extensions=(".sh", ".bash"),
    grammar=Grammar(module="tree_sitter_bash"),
    queries=Queries(structure=_STRUCTURE, names=_NAMES),
    directive=r"#!|#\s*shellcheck",
    doc_comment=r"#(?!!)",
    doc_style=DocStyle.HASHES,
    builtins=words("""
      0 1 2 3 4 5 6 7 8 9 BASH BASHPID BASH_REMATCH BASH_SOURCE BASH_VERSION COLUMNS EDITOR EUID FUNCNAME GROUPS HOME
      HOSTNAME IFS LANG LC_ALL LINENO LINES LOGNAME OLDPWD OPTARG OPTIND OSTYPE PATH PIPESTATUS PPID PS1 PWD RANDOM
      REPLY SECONDS SHELL SHLVL TERM TMPDIR UID USER
    """),
    keywords=words("case coproc do done elif else esac fi for function if in select then time until while"),
)
