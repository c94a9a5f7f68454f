"""The public figures and the question after the end, as residents see them."""

import pytest
from django.test import Client

from madoguchi.cases.models import Case, Figures, Opinion
from madoguchi.events import Actor
from madoguchi.ground import clock
from madoguchi.procedures import queries as procedures
from madoguchi.web.tests.conftest import SignedIn

FIGURES = {
    "started": 120, "submitted": 100, "decided": 90, "ended": 80, "digital": 76, "received": 70, "abandoned": 11,
    "withdrawn": 3, "median_days": 4, "slow_days": 9, "breaks": {"tag": ["post", 4]}, "ease": [1, 2, 5],
}  # fmt: skip


def test_what_was_counted_is_shown_with_the_moment_it_was_counted(published: None) -> None:
    Figures.objects.create(code="dog-registration", counted_at=clock.now(), **FIGURES)
    page = Client(HTTP_ACCEPT_LANGUAGE="ja").get("/figures/").content.decode()
    for words in (
        "95％",
        "4営業日",
        "9営業日",
        "120件",
        "76件",
        "鑑札の郵送（郵便）",
        "11件",
        "かんたん 62％",
        "に数えました",
    ):
        assert words in page, words
    page = Client(HTTP_ACCEPT_LANGUAGE="ja").get("/procedures/").content.decode()
    assert "95％" in page
    assert all(page.count(f'href="/procedures/{one.code}/"') == 1 for one in procedures.offered())
    page = Client(HTTP_ACCEPT_LANGUAGE="ja").get("/procedures/dog-registration/").content.decode()
    assert "80件のうち、95％" in page
    Figures.objects.update(ended=9, digital=9, received=9)
    page = Client(HTTP_ACCEPT_LANGUAGE="ja").get("/procedures/dog-registration/").content.decode()
    assert "終わったのは9件です" in page
    assert "％が" not in page
    assert "10人に9人" not in page


def test_few_answers_are_not_shown_and_nothing_counted_is_said(published: None) -> None:
    assert "まだ数えていません" in Client(HTTP_ACCEPT_LANGUAGE="ja").get("/figures/").content.decode()
    Figures.objects.create(code="dog-registration", counted_at=clock.now(), **FIGURES | {"ease": [1, 1, 2]})
    assert "終わった方の感想" not in Client(HTTP_ACCEPT_LANGUAGE="ja").get("/figures/").content.decode()


def test_the_question_stands_on_the_page_of_an_ended_case_until_it_is_answered(
    dog: tuple[Client, Actor, Case], signed_in: SignedIn
) -> None:
    client, _, case = dog
    Case.objects.filter(pk=case.pk).update(
        received_at=clock.now(), number="26-0000-0000-0", due_on=clock.today(), closed_at=clock.now()
    )
    address = f"/cases/{case.pk}/opinion/"
    assert "この手続きは、どうでしたか" in client.get(f"/cases/{case.pk}/").content.decode()
    answer = client.post(address, {"words": "<b>よい</b>"})
    assert answer.status_code == 422
    assert "&lt;b&gt;よい" in answer.content.decode()
    assert signed_in()[0].post(address, {"ease": "1"}).status_code == 404
    assert not Opinion.objects.exists()
    page = client.post(address, {"ease": "2", "words": "よい"}, follow=True).content.decode()
    assert Opinion.objects.get().ease == 2
    assert "ありがとうございました" in page
    assert "この手続きは、どうでしたか" not in page
    assert client.post(address, {"ease": "3"}).status_code == 409
    assert Opinion.objects.get().ease == 2


@pytest.mark.django_db
def test_anybody_may_see_the_figures() -> None:
    assert Client().get("/figures/").status_code == 200
