"""Mail by SMTP."""

from madoguchi.bridges.mail.channel import open_carrier
from madoguchi.messages.ports import CARRIERS

CARRIERS.add("smtp", open_carrier)
