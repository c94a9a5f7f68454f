"""Addresses of the desk; allauth's own pages (sign-in, second factor) live below ``/desk/account/``."""

from django.urls import path

from madoguchi.desk.views import (
    batching,
    casework,
    exporting,
    files,
    handling,
    listing,
    loads,
    opinions,
    rounds,
    seals,
    sharing,
    talking,
    texts,
)

app_name = "desk"
urlpatterns = [
    path("", listing.work, name="work"),
    path("rounds/", rounds.rounds, name="rounds"),
    path("rounds/<slug:code>/<str:name>/", rounds.one_round, name="round"),
    path("opinions/", opinions.opinions, name="opinions"),
    path("batch/", batching.preview, name="batch-preview"),
    path("batch/<uuid:key>/", batching.batch, name="batch"),
    path("export/", exporting.export, name="export"),
    path("load/", loads.load, name="load"),
    path("absence/", sharing.absence, name="absence"),
    path("cases/<str:number>/steps/<uuid:step_id>/taker/", sharing.share, name="share"),
    path("cases/<str:number>/cosigners/<uuid:cosigner_id>/", sharing.ask_cosigner, name="ask-cosigner"),
    path("cases/<str:number>/hand-over/", sharing.hand_over, name="hand-over"),
    path("cases/<str:number>/", handling.case, name="case"),
    path("cases/<str:number>/steps/<uuid:step_id>/", handling.act_on, name="step"),
    path("cases/<str:number>/steps/<uuid:step_id>/letter/", handling.draft, name="draft"),
    path("cases/<str:number>/steps/<uuid:step_id>/review/", seals.review, name="review"),
    path("cases/<str:number>/checks/", casework.check, name="check"),
    path("cases/<str:number>/notes/", casework.note, name="note"),
    path("cases/<str:number>/notes/<uuid:note_id>/", casework.note, name="amend-note"),
    path("texts/", texts.texts, name="texts"),
    path("texts/<slug:section>/", texts.texts, name="texts-of"),
    path("texts/<slug:section>/<slug:template>/", texts.text, name="text"),
    path("messages/", talking.unanswered, name="messages"),
    path("cases/<str:number>/messages/", talking.say, name="thread"),
    path("cases/<str:number>/documents/<uuid:document_id>/", files.document, name="document"),
    path("cases/<str:number>/letters/<uuid:letter_id>/", files.letter, name="letter"),
]
