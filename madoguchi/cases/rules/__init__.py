"""What must hold of a case, as pure functions: uploads, answers, whose turn it is."""
