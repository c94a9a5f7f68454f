"""The map as it is shown to residents and to staff, who see more on it; ``web`` and ``desk`` have the doors."""
