"""Set-up of a checkout, ``python3 -m tools.setup``: standard library only: nothing is installed yet.

Each module is one step, safe to run again, quick when there is nothing to do, and says what it is doing.
"""
