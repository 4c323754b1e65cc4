"""How things look from outside: the bodies of answers, and the answers to refusals. API and command line share them."""
