"""OGC API: the layers of the map for other programs (Features Part 1 to 3, Tiles), as JSON and as plain pages.

Public without a token; a partner with the scope ``layers:read`` sees what staff see, and of its own section's layers
what the section sees. Policy, filters and text of features are of ``places``; here are addresses and documents.
"""
