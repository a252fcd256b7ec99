"""What a language's grammar tells of a text: definitions, imports, names, comments, errors; by tree-sitter."""
