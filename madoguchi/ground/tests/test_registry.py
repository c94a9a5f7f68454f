"""A name is taken once, and who asks for an unknown one is told which there are."""

import pytest

from madoguchi.ground.registry import Registry


def test_registry() -> None:
    channels: Registry[type] = Registry("channel")

    @channels.register("mail")
    class Mail:
        pass

    @channels.register("line")
    class Line:
        pass

    assert channels.get("mail") is Mail
    assert list(channels) == ["line", "mail"]
    assert list(channels.items()) == [("line", Line), ("mail", Mail)]
    assert "mail" in channels
    assert len(channels) == 2
    with pytest.raises(ValueError, match="channel 'mail' is registered already"):
        channels.add("mail", Line)
    with pytest.raises(LookupError, match="no channel 'fax'; there are: line, mail"):
        channels.get("fax")
    with pytest.raises(LookupError, match="none"):
        Registry[int]("number").get("one")
