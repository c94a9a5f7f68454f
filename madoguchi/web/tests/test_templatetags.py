"""Words that the pages make."""

from datetime import datetime

from madoguchi.ground import clock
from madoguchi.ground.clock import TOKYO
from madoguchi.web.presenting.thread import headline
from madoguchi.web.templatetags.web import lately


def test_what_was_saved_on_another_day_says_its_day() -> None:
    saved = datetime(2026, 11, 29, 23, 58, tzinfo=TOKYO)
    with clock.travel(datetime(2026, 11, 29, 23, 59, tzinfo=TOKYO)):
        assert lately(saved) == "23:58"
    with clock.travel(datetime(2026, 11, 30, 0, 1, tzinfo=TOKYO)):
        assert lately(saved) == "11月29日（日） 23:58"
    assert lately(None) == ""


def test_the_citys_own_pages_leave_out_who_sends() -> None:
    assert headline("【大東市】手続きの結果が決まりました") == "手続きの結果が決まりました"
    assert headline("[Daito City] Your request has been decided") == "Your request has been decided"
    assert headline("【重要】証明書について") == "【重要】証明書について"
