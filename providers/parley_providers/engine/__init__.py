"""The embedded engine: llama.cpp's server in a child process of our own, and the provider that asks it.

Reading order: `spec` (what runs, and how), `memory` (whether it fits), `child` (the program of the child process),
`process` (one child, from start to end), `supervisor` (one engine per Parley: started when needed, restarted, put to
sleep), `embedded` (the provider). Which models there are and where belongs to `parley_providers.models`.
"""
