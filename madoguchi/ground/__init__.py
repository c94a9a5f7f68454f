"""The ground all nouns stand on: time, ids, characters, languages and the expression language.

Nothing here knows Django, the database or a procedure; what needs one of them belongs into a noun.
"""
