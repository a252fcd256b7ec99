"""What plain Python functions give, worked out without running any of their code; two versions held against each other.

Only an interpreter of our own steps through the code: plain values, no attribute of an object, no import, no input or
output, bounded in steps and in size. What is beyond that is given up, never guessed.

Reading order: `counterexample` (where two versions differ), `inputs` (what they are tried on), `statements`,
`expressions`, `operations` (what plain values can do), `frames` (names, and what a run may take).
"""

from parley_agent.python.interpreted.counterexample import Counterexample, counterexample

__all__ = ["Counterexample", "counterexample"]
