"""Front ends and the composition root.

Reading order: `app` (builds everything), `config`, `cli` (the terminal), `lsp` (the editors).
"""
