"""What local runs cost, and what follows from it.

Reading order: `errors`; `stores` (keeps call records: `writer` takes them, `reader` gives them back), `redaction`; then
the pure part: `student_t`, `intervals`, `profiles` (statistics of records, with intervals), `report`, `totals` (what
was used and cost). Imports no front end and no database driver outside `stores`.
"""
