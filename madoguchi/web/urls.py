"""The addresses of the residents' face. A case is named by its 受付番号, before it has one by its id."""

from django.urls import path

from madoguchi.web.views import applying, finding, following, plain, sending, signing_in, talking, uploading, verifying

app_name = "web"

urlpatterns = [
    path("", finding.home, name="home"),
    path("procedures/", finding.procedures, name="procedures"),
    path("procedures/<slug:code>/", finding.procedure, name="procedure"),
    path("procedures/<slug:code>/start/", applying.start, name="start"),
    path("procedures/<slug:code>/begin/", applying.begin, name="begin"),
    path("life/<str:slug>/", finding.life_event, name="life-event"),
    path("offices/<slug:slug>/", finding.office, name="office"),
    path("figures/", finding.figures, name="figures"),
    path("sign-in/", signing_in.sign_in, name="sign-in"),
    path("sign-in/card/", signing_in.card, name="card"),
    path("sign-in/card/return/", signing_in.card_return, name="card-return"),
    path("sign-in/email/", signing_in.email, name="email"),
    path("sign-in/email/code/", signing_in.email_code, name="email-code"),
    path("sign-in/email/<uuid:confirmation>/<str:token>/", signing_in.email_link, name="email-link"),
    path("sign-out/", signing_in.sign_out, name="sign-out"),
    path("cases/", following.my_cases, name="my-cases"),
    path("cases/<str:key>/", following.case, name="case"),
    path("cases/<str:key>/sections/<slug:section_id>/", applying.section, name="section"),
    path("cases/<str:key>/review/", sending.review, name="review"),
    path("cases/<str:key>/submit/", sending.submit, name="submit"),
    path("cases/<str:key>/received/", following.received, name="received"),
    path("cases/<str:key>/receipt.pdf", following.receipt, name="receipt"),
    path("cases/<str:key>/opinion/", following.opinion, name="opinion"),
    path("cases/<str:key>/withdraw/", following.withdraw, name="withdraw"),
    path("cases/<str:key>/documents/<uuid:document_id>/", applying.document, name="document"),
    path("cases/<str:key>/uploads/", uploading.begin, name="uploads"),
    path("cases/<str:key>/uploads/<uuid:upload_id>/", uploading.upload, name="upload"),
    path("cases/<str:key>/letters/<uuid:letter_id>.pdf", following.letter, name="letter"),
    path("cases/<str:key>/messages/", talking.write, name="write"),
    path("inbox/", talking.inbox, name="inbox"),
    path("inbox/read/", talking.read_all, name="inbox-read"),
    path("inbox/<uuid:message_id>/", talking.notice, name="notice"),
    path("verify/", verifying.verify, name="verify"),
    path("verify/<str:code>", verifying.verify_code, name="verify-code"),
    path("accessibility/", plain.accessibility, name="accessibility"),
    path("privacy/", plain.privacy, name="privacy"),
    path("accent.css", plain.accent, name="accent"),
    path("robots.txt", plain.robots, name="robots"),
]
