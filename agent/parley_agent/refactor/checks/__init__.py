"""The checks that a candidate must pass before it is proposed, and what they prove.

Reading order: `verify` (all of them, in order), `regions` (nothing changed outside what the task class declares),
`meaning` (names known, signature kept, comments kept), `dependencies` (imports that can be there), `promises` (what
single task classes promise), `proofs` (what is shown to behave as before), `same_results` (no input found for which
what cannot be proved differs), `literals` (nothing new is spoken of).
"""

from parley_agent.refactor.checks.verify import Verdict, verify

__all__ = ["Verdict", "verify"]
