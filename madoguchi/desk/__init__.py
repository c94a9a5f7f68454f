"""The desk: the face for staff. HTTP only, no rules."""
