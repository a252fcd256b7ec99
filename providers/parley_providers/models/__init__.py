"""Models for the embedded engine: which there are, where they are kept, and how they are obtained.

Reading order: `catalog` (the data file), `store` (the folder), `progress` and `pull` (a download and its events), the
sources `http_source`, `registry_source`, `local_source`, then `growing` and `errors`. Running a model belongs to
`parley_providers.engine`; asking the person before a download belongs to the front ends: nothing here is called without
consent.
"""
