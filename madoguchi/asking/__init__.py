"""A form as it is asked: its questions, their inputs, the words around them. What the residents' face and the desk's
counter both show; each brings its own addresses. No rules, no address of a page; what is stored, an act stores.
"""
