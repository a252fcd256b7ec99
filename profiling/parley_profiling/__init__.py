"""What local runs cost, and what follows from it.

Reading order: `stores` (keeps call records), `profiles` (statistics of them, with intervals).
"""
