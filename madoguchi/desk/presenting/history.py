"""The history of a case in plain words: what happened, when, by whom, and why it was allowed or not."""

import datetime as dt
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

from django.utils.translation import gettext, gettext_noop

from madoguchi.cases.models import Departure
from madoguchi.cases.queries import Happening
from madoguchi.desk.presenting.editing import DepartureLine, departure_line
from madoguchi.desk.presenting.words import time_words
from madoguchi.events.models import Event
from madoguchi.events.rules import ACTS
from madoguchi.procedures.rules.published import Published

#: What was done, by verb; where an act has outcomes, by ``verb:outcome``.
DONE: Final = {
    "case.open": gettext_noop("入力を始めた"),
    "case.save": gettext_noop("入力を保存した"),
    "case.take-over": gettext_noop("まとめて申し込むほかの手続きから、答えを引き継いだ"),
    "case.open-parts": gettext_noop("まとめて申し込む手続きを選んだ"),
    "case.submit-parts": gettext_noop("まとめて提出した"),
    "service.choose": gettext_noop("会社への連絡を選んだ"),
    "service.take-back": gettext_noop("会社への連絡を取り消した"),
    "service.call-off": gettext_noop("会社に渡した連絡を取りやめた"),
    "service.give-up": gettext_noop("会社に届けられず、連絡を打ち切った"),
    "service.read": gettext_noop("同意された連絡を、会社のシステムが受け取った"),
    "service.answer": gettext_noop("連絡した会社が返事をした"),
    "case.end-part": gettext_noop("まとめて申し込まれた手続きの一つが終わった"),
    "case.open-for-another": gettext_noop("ほかの方の代わりに入力を始めた"),
    "case.open-correction": gettext_noop("訂正の申出を書いた"),
    "counter.ask": gettext_noop("窓口で、入力した内容をご本人に見せた"),
    "counter.confirm": gettext_noop("窓口の端末で、ご本人が内容を確認した"),
    "counter.note_confirmed": gettext_noop("窓口で、ご本人が内容を口頭で確認した（職員が記録）"),
    "case.open-for-principal": gettext_noop("登録された代理権で入力を始めた"),
    "case.take-one": gettext_noop("市が知っている方から選んだ"),
    "case.show-part": gettext_noop("連署を頼まれた方が、自分のところを見た"),
    "case.add-row": gettext_noop("入力欄の行を増やした"),
    "case.remove-row": gettext_noop("入力欄の行を減らした"),
    "case.add-document": gettext_noop("写真・ファイルを付けた"),
    "case.remove-document": gettext_noop("写真・ファイルを外した"),
    "case.begin-upload": gettext_noop("写真・ファイルを送りはじめた"),
    "case.drop-upload": gettext_noop("写真・ファイルを送るのをやめた"),
    "case.forget-uploads": gettext_noop("途中で止まった送信を消した"),
    "case.scan-document": gettext_noop("待っていたファイルのウイルス検査を終えた"),
    "case.submit": gettext_noop("申請を提出し、受け付けられた"),
    "case.submit:at-counter": gettext_noop("窓口で職員が入力し、ご本人が確認したものを提出し、受け付けられた"),
    "case.submit:corrected": gettext_noop("補正して提出した"),
    "case.submit:again": gettext_noop("もう一度提出した（変更なし）"),
    "case.sign": gettext_noop("電子署名をした"),
    "case.withdraw": gettext_noop("申請を取り下げた"),
    "case.read": gettext_noop("案件を閲覧した"),
    "case.examine": gettext_noop("審査した"),
    "case.examine:accept": gettext_noop("審査して認めた"),
    "case.examine:return": gettext_noop("補正を求めた"),
    "case.examine:refuse": gettext_noop("審査して認めないこととした"),
    "case.approve": gettext_noop("決裁した"),
    "case.approve:approve": gettext_noop("決裁した"),
    "case.approve:seal": gettext_noop("承認して次へ回した"),
    "case.approve:stand-in": gettext_noop("代決した"),
    "case.approve:send_back": gettext_noop("差し戻した"),
    "case.review-afterwards": gettext_noop("代決された案件を後閲した"),
    "case.seat": gettext_noop("決裁の順番を、職員の不在に合わせて見直した"),
    "case.ask-opinion": gettext_noop("ほかの課に合議を求めた"),
    "case.give-opinion": gettext_noop("合議に回答した"),
    "case.drop-question": gettext_noop("合議を取り下げた"),
    "case.consult": gettext_noop("合議に意見を付けた"),
    "case.ask-cosigner": gettext_noop("連署をお願いした"),
    "case.cosign": gettext_noop("内容を確かめて連署した"),
    "case.decline-cosigning": gettext_noop("連署しないで戻した"),
    "case.do": gettext_noop("画面の外で行ったことを記録した"),
    "case.perform": gettext_noop("通知書を作って発行した"),
    "case.fire": gettext_noop("期限が来た"),
    "case.fire:remind": gettext_noop("期限が過ぎたことを知らせた"),
    "case.fire:withdraw": gettext_noop("期限までに補正や納付がなく、取下げとした"),
    "case.fire:refuse": gettext_noop("期限までに補正がなく、認めないこととした"),
    "case.migrate": gettext_noop("手続の新しい版に移した"),
    "case.file": gettext_noop("連携先のシステムから提出された"),
    "case.revise": gettext_noop("連携先のシステムから訂正された"),
    "case.place": gettext_noop("選考の結果を記録した"),
    "case.hold": gettext_noop("廃棄を保留した"),
    "case.release": gettext_noop("廃棄の保留を解除した"),
    "case.warn": gettext_noop("廃棄を予告した"),
    "case.delete": gettext_noop("記録を廃棄した"),
    "case.check": gettext_noop("項目を確認した"),
    "case.rate": gettext_noop("手続の使いやすさに答えた"),
    "case.uncheck": gettext_noop("項目の確認を取り消した"),
    "case.note": gettext_noop("庁内メモを書いた"),
    "case.amend-note": gettext_noop("庁内メモを書き直した"),
    "case.keep-map-answer": gettext_noop("場所に当てはまることを、その日のまま残した"),
    "payment.ask": gettext_noop("支払いの画面へ進んだ"),
    "payment.present": gettext_noop("支払いの画面を用意した"),
    "payment.hear": gettext_noop("決済サービスから知らせを受けた"),
    "payment.pend": gettext_noop("支払いの手続きを終え、入金を待つことになった"),
    "payment.confirm": gettext_noop("納付を確認した"),
    "payment.expire": gettext_noop("支払いの画面が、納付されないまま終わった"),
    "payment.refund": gettext_noop("返金することとした"),
    "payment.give_back": gettext_noop("返金を終えた"),
    "case.export": gettext_noop("一覧を書き出した"),
    "person.export": gettext_noop("本人の情報をまとめて渡した"),
    "person.correct": gettext_noop("本人が自分の情報を直した"),
    "person.find_usage": gettext_noop("本人が、見られた記録を調べた"),
    "message.forget": gettext_noop("宛先だけの古いメールを消した"),
    "person.find": gettext_noop("開示請求の本人をさがした"),
    "case.hand_over": gettext_noop("ほかの課へ引き継いだ"),
    "case.remind": gettext_noop("補正のお願いをもう一度送った"),
    "step.claim": gettext_noop("担当した"),
    "step.assign": gettext_noop("担当を決めた"),
    "step.release": gettext_noop("担当を外した"),
    "letter.issue": gettext_noop("通知書に番号を付け、署名して保存した"),
    "letter.read": gettext_noop("通知書を受け取った"),
    "letter.print": gettext_noop("通知書を印刷用に取り出した"),
    "letter.post": gettext_noop("通知書を発送した"),
    "letter.revoke": gettext_noop("通知書を取り消した"),
    "message.send": gettext_noop("お知らせを書いた"),
    "message.deliver": gettext_noop("お知らせのメールを送った"),
    "message.write": gettext_noop("担当課にメッセージを送った"),
    "message.answer": gettext_noop("申請者にメッセージを送った"),
    "message.read": gettext_noop("お知らせを読んだ"),
    "thread.read": gettext_noop("メッセージを読んだ"),
    "message.bounce": gettext_noop("お知らせのメールが届かずに戻った"),
    "feature.add": gettext_noop("地図に地物を追加した"),
    "feature.change": gettext_noop("地物が変わったことを記録した"),
    "feature.correct": gettext_noop("地物の記録のまちがいを直した"),
    "feature.end": gettext_noop("地物がなくなったことを記録した"),
    "feature.drop": gettext_noop("まちがって記録した地物を取り消した"),
    "layer.amend": gettext_noop("地物をまとめて変えた"),
    "feature.attach": gettext_noop("地物に写真を付けた"),
    "feature.detach": gettext_noop("地物の写真を消した"),
    "layer.load": gettext_noop("レイヤーのファイルを取り込んだ"),
    "change.undo": gettext_noop("地図の変更を取り消した"),
    "change.approve": gettext_noop("地図の変更を承認した"),
    "change.refuse": gettext_noop("地図の変更を認めなかった"),
    "change.withdraw": gettext_noop("地図の変更を取り下げた"),
}
#: What was tried and refused, by verb.
TRIED: Final = {
    "service.choose": gettext_noop("会社への連絡の選択"),
    "service.take-back": gettext_noop("会社への連絡の取消し"),
    "service.call-off": gettext_noop("会社への連絡の取りやめ"),
    "service.give-up": gettext_noop("会社への連絡の打切り"),
    "service.read": gettext_noop("会社のシステムによる連絡の受取り"),
    "service.answer": gettext_noop("連絡した会社からの返事"),
    "case.read": gettext_noop("閲覧"),
    "case.examine": gettext_noop("審査"),
    "case.approve": gettext_noop("決裁"),
    "case.consult": gettext_noop("合議"),
    "case.ask-cosigner": gettext_noop("連署のお願い"),
    "case.cosign": gettext_noop("連署"),
    "case.decline-cosigning": gettext_noop("連署をしない旨の返事"),
    "case.review-afterwards": gettext_noop("後閲"),
    "case.seat": gettext_noop("決裁の順番の見直し"),
    "case.ask-opinion": gettext_noop("合議の求め"),
    "case.give-opinion": gettext_noop("合議への回答"),
    "case.drop-question": gettext_noop("合議の取下げ"),
    "case.do": gettext_noop("画面の外で行ったことの記録"),
    "case.open": gettext_noop("入力の開始"),
    "case.open-for-another": gettext_noop("ほかの方の代わりの入力の開始"),
    "case.open-correction": gettext_noop("訂正の申出の記入"),
    "counter.ask": gettext_noop("ご本人への確認の求め"),
    "counter.confirm": gettext_noop("ご本人の確認"),
    "counter.note_confirmed": gettext_noop("ご本人の口頭の確認の記録"),
    "case.open-for-principal": gettext_noop("登録された代理権による入力の開始"),
    "case.save": gettext_noop("入力の保存"),
    "case.take-over": gettext_noop("答えの引継ぎ"),
    "case.open-parts": gettext_noop("まとめて申し込む手続きの選択"),
    "case.submit-parts": gettext_noop("まとめての提出"),
    "case.end-part": gettext_noop("まとめて申し込まれた手続きの終わりの記録"),
    "case.take-one": gettext_noop("市が知っている方からの選択"),
    "case.show-part": gettext_noop("連署を頼まれた方の閲覧"),
    "case.add-row": gettext_noop("行の追加"),
    "case.remove-row": gettext_noop("行の削除"),
    "case.add-document": gettext_noop("写真・ファイルの追加"),
    "case.remove-document": gettext_noop("写真・ファイルの取り外し"),
    "case.begin-upload": gettext_noop("写真・ファイルの送信"),
    "case.drop-upload": gettext_noop("写真・ファイルの送信の取りやめ"),
    "case.forget-uploads": gettext_noop("途中で止まった送信の削除"),
    "case.scan-document": gettext_noop("ウイルス検査"),
    "case.submit": gettext_noop("提出"),
    "case.sign": gettext_noop("電子署名"),
    "case.withdraw": gettext_noop("取下げ"),
    "case.perform": gettext_noop("通知書の発行"),
    "case.fire": gettext_noop("期限の処理"),
    "case.migrate": gettext_noop("手続の新しい版への移行"),
    "case.file": gettext_noop("連携先のシステムからの提出"),
    "case.revise": gettext_noop("連携先のシステムからの訂正"),
    "case.place": gettext_noop("選考の結果の記録"),
    "case.hold": gettext_noop("廃棄の保留"),
    "case.release": gettext_noop("廃棄の保留の解除"),
    "case.warn": gettext_noop("廃棄の予告"),
    "case.delete": gettext_noop("記録の廃棄"),
    "case.check": gettext_noop("項目の確認"),
    "case.rate": gettext_noop("使いやすさの回答"),
    "case.uncheck": gettext_noop("確認の取消し"),
    "case.note": gettext_noop("庁内メモの記入"),
    "case.amend-note": gettext_noop("庁内メモの書き直し"),
    "case.keep-map-answer": gettext_noop("場所に当てはまることの保存"),
    "payment.ask": gettext_noop("支払いの画面の用意"),
    "payment.hear": gettext_noop("決済サービスからの知らせの受取り"),
    "payment.confirm": gettext_noop("納付の確認"),
    "payment.refund": gettext_noop("返金"),
    "case.export": gettext_noop("一覧の書き出し"),
    "person.export": gettext_noop("本人の情報の書き出し"),
    "person.correct": gettext_noop("自分の情報の訂正"),
    "person.find_usage": gettext_noop("見られた記録の調べ"),
    "person.find": gettext_noop("開示請求の本人さがし"),
    "case.hand_over": gettext_noop("引継ぎ"),
    "case.remind": gettext_noop("補正のお願いの再送"),
    "step.claim": gettext_noop("担当"),
    "step.assign": gettext_noop("担当の決定"),
    "step.release": gettext_noop("担当の取りやめ"),
    "letter.issue": gettext_noop("通知書の発行"),
    "letter.read": gettext_noop("通知書の受取り"),
    "letter.print": gettext_noop("通知書の印刷"),
    "letter.post": gettext_noop("通知書の発送の記録"),
    "letter.revoke": gettext_noop("通知書の取消し"),
    "message.send": gettext_noop("お知らせの作成"),
    "message.deliver": gettext_noop("お知らせの送信"),
    "message.write": gettext_noop("担当課へのメッセージ"),
    "message.answer": gettext_noop("申請者へのメッセージ"),
    "feature.add": gettext_noop("地物の追加"),
    "feature.change": gettext_noop("地物の変更の記録"),
    "feature.correct": gettext_noop("地物の訂正"),
    "feature.end": gettext_noop("地物がなくなったことの記録"),
    "feature.drop": gettext_noop("地物の取消し"),
    "layer.amend": gettext_noop("地物のまとめての変更"),
    "feature.attach": gettext_noop("地物の写真の追加"),
    "feature.detach": gettext_noop("地物の写真の削除"),
    "layer.load": gettext_noop("レイヤーのファイルの取込み"),
    "change.undo": gettext_noop("地図の変更の取消し"),
    "change.approve": gettext_noop("地図の変更の承認"),
    "change.refuse": gettext_noop("地図の変更を認めないことの記録"),
    "change.withdraw": gettext_noop("地図の変更の取下げ"),
}
#: Why not, by the code of the refusal; any other is shown as its code.
WHY_NOT: Final = {
    "not-counted": gettext_noop("集計するレイヤーではなかった"),
    "not-shown": gettext_noop("案件を見せるレイヤーではなかった"),
    "counted-already": gettext_noop("集計する期間が、まだなかった"),
    "no-towns": gettext_noop("町の形のレイヤーが、まだ取り込まれていなかった"),
    "place-text": gettext_noop("場所が、わかるように書かれていなかった"),
    "place-gone": gettext_noop("選んだ場所が、候補になかった"),
    "notice-unknown": gettext_noop("そのお知らせが見つからなかった"),
    "notice-incomplete": gettext_noop("お知らせの内容がそろっていなかった"),
    "notice-too-many": gettext_noop("知らせる人が、一度に送れる数より多かった"),
    "notice-office": gettext_noop("お知らせを出す課が、いまの組織になかった"),
    "notice-sent": gettext_noop("お知らせは、すでに送られていた"),
    "notice-dropped": gettext_noop("お知らせは、取りやめになっていた"),
    "box-unread": gettext_noop("地図の範囲が読めなかった"),
    "kiosk-unnamed": gettext_noop("端末の名前が入っていなかった"),
    "kiosk-code-wrong": gettext_noop("端末のコードが違うか、使えなくなっていた"),
    "kiosk-ended": gettext_noop("その端末は、すでに取り消されていた"),
    "pairing-code-wrong": gettext_noop("6桁の番号が違うか、古くなっていた"),
    "identity-incomplete": gettext_noop("ご本人の氏名や生年月日などに誤りがあった"),
    "sitting-begun": gettext_noop("すでに手続きを始めていた"),
    "sitting-unknown-person": gettext_noop("ご本人を、まだ確かめていなかった"),
    "not-at-counter": gettext_noop("この手続きは、窓口では始められない"),
    "sitting-over": gettext_noop("窓口の受付が、もう終わっていた"),
    "sitting-identified": gettext_noop("ご本人は、すでに確かめてあった"),
    "sitting-unknown": gettext_noop("その窓口の受付が見つからなかった"),
    "sex-unknown": gettext_noop("性別が選ばれていなかった"),
    "birthday": gettext_noop("生年月日に誤りがあった"),
    "map-changed": gettext_noop("入力の後で地図が変わり、当てはまることを確かめ直していなかった"),
    "not-signed": gettext_noop("電子署名がまだか、署名の後に内容が変わっていた"),
    "correction-elsewhere": gettext_noop("訂正の申し出は、別の画面からする"),
    "procedure-unknown": gettext_noop("その手続きは、いま受け付けていない"),
    "signing-unknown": gettext_noop("署名の手続きが見つからなかった"),
    "signed-with-others": gettext_noop("まとめて申し込む手続きは、全部まとめて署名する"),
    "signed-by-another": gettext_noop("署名したカードの方と申請者が同じだと確かめられなかった"),
    "signature-revoked": gettext_noop("署名用電子証明書が失効していた"),
    "signed-changed": gettext_noop("署名の間に内容が変わった"),
    "signature-unknown": gettext_noop("その署名が見つからなかった"),
    "not-read-aloud": gettext_noop("ご本人が確かめたことが記されていなかった"),
    "receipt-not-yet": gettext_noop("まだ受け付けていなかった"),
    "entry-of-nobody": gettext_noop("台帳の記載に、結びついた方がいなかった"),
    "entry-of-another": gettext_noop("台帳の結びつきが、この間に変わっていた"),
    "correction-open": gettext_noop("同じ情報の訂正が、すでに申し出られていた"),
    "fact-unknown": gettext_noop("その情報が見つからなかった"),
    "journey-not-filed": gettext_noop("まとめて申し込む手続きは、連携先からは提出できない"),
    "company-unknown": gettext_noop("選んだ会社へは、ここから連絡できなかった"),
    "company-number": gettext_noop("会社での番号に誤りがあった"),
    "member-there": gettext_noop("この事業所の人としてすでに登録されていた"),
    "delivery-unknown": gettext_noop("その通知はなかった"),
    "not-answering": gettext_noop("連携先のシステムを所管する課ではなかった"),
    "service-handed": gettext_noop("すでに会社に渡っていた"),
    "service-unknown": gettext_noop("その連絡はなかった"),
    "service-not-handed": gettext_noop("まだ会社に渡っていなかった"),
    "service-called-off": gettext_noop("申請者が取りやめていた"),
    "service-wanted": gettext_noop("申請者は取りやめていなかった"),
    "service-ended": gettext_noop("会社への連絡が、もう終わっていた"),
    "service-not-read": gettext_noop("会社が、内容を受け取る前に返事をした"),
    "service-older": gettext_noop("会社の新しい返事を、すでに受け取っていた"),
    "service-answer": gettext_noop("会社の返事の内容に誤りがあった"),
    "not-confirmed": gettext_noop("窓口で入力した内容を、ご本人がまだ確認していなかった"),
    "shown-changed": gettext_noop("ご本人に見せたあとで内容が変わっていた"),
    "signature-missing": gettext_noop("署名も名前も書かれていなかった"),
    "signature-empty": gettext_noop("署名が書かれていなかった"),
    "signature-broken": gettext_noop("署名を受け取れなかった"),
    "not-paired": gettext_noop("窓口の受付が終わっていた"),
    "parts-open": gettext_noop("まとめて申し込む手続きがそろっていなかった"),
    "parts-changed": gettext_noop("必要な手続きが変わっていた"),
    "parts-apart": gettext_noop("提出した後は、手続きごとに取り下げる"),
    "part-of-another": gettext_noop("入力の途中の、別のまとめ申込みに入っていた"),
    "nothing-chosen": gettext_noop("申し込む手続きを選んでいなかった"),
    "delegation-unknown": gettext_noop("代理権が登録されていないか、終わっていた"),
    "delegation-scope": gettext_noop("任された範囲にない手続だった"),
    "delegation-ended": gettext_noop("代理権の登録が終わっていた"),
    "edit-wrong": gettext_noop("決定の案の直しに、足りないところか誤りがあった"),
    "edit-unsent": gettext_noop("決定の案を直したまま、別の結果を選んだ"),
    "reasons-moved": gettext_noop("直した理由が、値を変えて変わっていた"),
    "batch-departs": gettext_noop("審査で判定表と変えたところがあった"),
    "draft-changed": gettext_noop("見ていた決定の案が変わっていた"),
    "letter-posted": gettext_noop("発送した日が、もう記録されていた"),
    "posted-day": gettext_noop("発送した日が選ばれていなかった"),
    "posted-later": gettext_noop("発送した日が、まだ来ていない日だった"),
    "posted-before-issue": gettext_noop("発送した日が、通知書の日付より前だった"),
    "letters-over": gettext_noop("印刷用のPDFを開ける1日を過ぎていた"),
    "letter-none": gettext_noop("通知書の出ない結果だった"),
    "letter-later": gettext_noop("通知書の内容がまだ決まっていなかった"),
    "opinion-none": gettext_noop("使いやすさが選ばれていなかった"),
    "opinion-too-early": gettext_noop("手続がまだ終わっていなかった"),
    "opinion-given": gettext_noop("すでに答えていた"),
    "check-unknown": gettext_noop("確認する項目が見つからなかった"),
    "check-changed": gettext_noop("見ていた内容が変わっていた"),
    "basis-missing": gettext_noop("だれからの請求かが選ばれていなかった"),
    "proof-missing": gettext_noop("本人を確かめた方法が選ばれていなかった"),
    "request-incomplete": gettext_noop("請求の内容が選ばれていなかった"),
    "export-too-often": gettext_noop("1時間に5回を超えた"),
    "level-too-low": gettext_noop("マイナンバーカードでサインインしていなかった"),
    "person-unknown": gettext_noop("人が見つからなかった"),
    "sought-too-little": gettext_noop("さがすための内容が足りなかった"),
    "hold-unknown": gettext_noop("保留が見つからなかった"),
    "note-empty": gettext_noop("メモが書かれていなかった"),
    "note-unknown": gettext_noop("メモが見つからなかった"),
    "note-of-another": gettext_noop("ほかの職員のメモだった"),
    "note-stands": gettext_noop("書いてから15分たったメモだった"),
    "not-allowed": gettext_noop("権限がない"),
    "cosigner-answered": gettext_noop("連署のお願いはすでに終わっていた"),
    "cosign-changed": gettext_noop("表示したあとに内容が変わっていた"),
    "cosigned-another": gettext_noop("別の方の分をすでに確認していた"),
    "cosigning-unknown": gettext_noop("連署を頼まれた方ではなかった"),
    "cosign-mails-too-many": gettext_noop("連署のお願いのメールを続けて送ろうとした"),
    "words-missing": gettext_noop("連署しない理由が書かれていなかった"),
    "own-work": gettext_noop("自分が審査した案件は決裁できない"),
    "sealed-already": gettext_noop("すでに自分が承認していた"),
    "not-your-turn": gettext_noop("ほかの職が承認する番だった"),
    "because-missing": gettext_noop("代決する理由が書かれていなかった"),
    "reviewed-already": gettext_noop("すでに後閲されていた"),
    "batch-stands-in": gettext_noop("代決の理由が要る案件だった"),
    "question-open": gettext_noop("合議の回答を待っていた"),
    "question-section": gettext_noop("合議を求める課が選ばれていなかった"),
    "question-empty": gettext_noop("合議で聞くことが書かれていなかった"),
    "question-period": gettext_noop("合議の回答の期限が選ばれていなかった"),
    "question-unknown": gettext_noop("合議が見つからなかった"),
    "question-over": gettext_noop("合議がすでに終わっていた"),
    "opinion-missing": gettext_noop("異議がないか、意見があるかが選ばれていなかった"),
    "opinion-empty": gettext_noop("意見が書かれていなかった"),
    "drop-why": gettext_noop("合議を取り下げる理由が書かれていなかった"),
    "reminded-lately": gettext_noop("1日のうちにもう一度送ろうとした"),
    "batch-unknown": gettext_noop("まとめて処理が見つからなかった"),
    "batch-deed": gettext_noop("まとめて行う操作が選ばれていなかった"),
    "batch-size": gettext_noop("選んだ件数が多すぎたか、1件もなかった"),
    "batch-findings": gettext_noop("調べた結果の入力が要る段階だった"),
    "batch-not-granted": gettext_noop("判定表が「認める」としていなかった"),
    "batch-unchecked": gettext_noop("まだ確認していない項目があった"),
    "purpose-missing": gettext_noop("書き出す目的が選ばれていなかった"),
    "not-leading": gettext_noop("課の仕事を割り振る職ではなかった"),
    "assignee-missing": gettext_noop("担当する職員が選ばれていなかった"),
    "absence-missing": gettext_noop("不在の日か代わりの職員が選ばれていなかった"),
    "step-taken": gettext_noop("ほかの職員がすでに担当していた"),
    "assignee-outside": gettext_noop("担当する課・職の職員ではなかった"),
    "hand-over-section": gettext_noop("引き継ぐ課が選ばれていなかった"),
    "hand-over-why": gettext_noop("引き継ぐ理由が書かれていなかった"),
    "step-done": gettext_noop("その段階はすでに終わっていた"),
    "step-kind": gettext_noop("その段階では行えない操作だった"),
    "nothing-to-pay": gettext_noop("支払うものがなかった"),
    "not-paid": gettext_noop("まだ納付されていなかった"),
    "notice-forged": gettext_noop("決済サービスからのものと確かめられなかった"),
    "outcome-unknown": gettext_noop("結果が選ばれていなかった"),
    "outcome-missing": gettext_noop("結果が選ばれていなかった"),
    "note-missing": gettext_noop("理由か意見が書かれていなかった"),
    "reason-missing": gettext_noop("認めない理由が書かれていなかった"),
    "correction-missing": gettext_noop("補正してほしい項目が書かれていなかった"),
    "correction-path": gettext_noop("手続にない項目があった"),
    "correction-unsent": gettext_noop("補正の文を書いたまま、別の結果を選んだ"),
    "reason-unsent": gettext_noop("認めない理由を書いたまま、別の結果を選んだ"),
    "finding-missing": gettext_noop("調べた結果に入力もれか誤りがあった"),
    "incomplete": gettext_noop("入力が終わっていなかった"),
    "already-decided": gettext_noop("すでに決定していた"),
    "case-received": gettext_noop("すでに提出されていた"),
    "case-ended": gettext_noop("案件が終わっていた"),
    "case-withdrawn": gettext_noop("案件が取り下げられていた"),
    "case-unknown": gettext_noop("案件が見つからなかった"),
    "changed-elsewhere": gettext_noop("別の画面で変更されていた"),
    "draft-unknown": gettext_noop("入力の途中の案件が見つからなかった"),
    "document-unknown": gettext_noop("ファイルが見つからなかった"),
    "field-unknown": gettext_noop("手続にない項目だった"),
    "section-unknown": gettext_noop("手続にない項目だった"),
    "step-unknown": gettext_noop("段階が見つからなかった"),
    "not-asked": gettext_noop("補正を求めていない項目だった"),
    "not-returned": gettext_noop("補正を求められていなかった"),
    "row-gone": gettext_noop("行がすでになかった"),
    "rows-fixed": gettext_noop("補正では行を増減できない"),
    "rows-too-many": gettext_noop("行が多すぎた"),
    "files-too-many": gettext_noop("写真・ファイルが多すぎた"),
    "relation": gettext_noop("申し込む方との関係が選ばれていなかった"),
    "file-empty": gettext_noop("ファイルの中身がなかった"),
    "file-not-a-photo": gettext_noop("写真ではなかった"),
    "file-too-large": gettext_noop("ファイルが大きすぎた"),
    "file-infected": gettext_noop("ファイルからウイルスが見つかった"),
    "document-unscanned": gettext_noop("ファイルのウイルス検査が終わっていなかった"),
    "upload-unknown": gettext_noop("送っている途中のファイルが見つからなかった"),
    "upload-offset": gettext_noop("ファイルの続きの位置が合わなかった"),
    "upload-too-long": gettext_noop("ファイルが知らされたより大きかった"),
    "upload-incomplete": gettext_noop("ファイルが全部届いていなかった"),
    "no-number": gettext_noop("受付番号を割り当てられなかった"),
    "case-not-running": gettext_noop("案件が進行中ではなかった"),
    "migration-map": gettext_noop("新しい版への移し方が決まっていない段階だった"),
    "file-active": gettext_noop("PDFにプログラムなどが入っていた"),
    "file-broken": gettext_noop("ファイルを開けなかった"),
    "file-locked": gettext_noop("ファイルにパスワードがかかっていた"),
    "file-too-many-pixels": gettext_noop("写真の画素数が多すぎた"),
    "file-type": gettext_noop("使えない種類のファイルだった"),
    "gate-closed": gettext_noop("この手続の対象ではなかった"),
    "map-silent": gettext_noop("地図のデータがまだ取り込まれていなかった"),
    "letter-file-gone": gettext_noop("通知書のファイルが保存期間を過ぎていた"),
    "letter-file-too-large": gettext_noop("ファイルが大きすぎた"),
    "letter-revoked-already": gettext_noop("通知書はすでに取り消されていた"),
    "letter-unknown": gettext_noop("通知書が見つからなかった"),
    "letter-unprintable": gettext_noop("印字できない文字があった"),
    "message-empty": gettext_noop("メッセージが書かれていなかった"),
    "messages-too-many": gettext_noop("1日に送れる数を超えていた"),
    "wish-incomplete": gettext_noop("要望の内容に、足りないところか誤りがあった"),
    "wish-unknown": gettext_noop("要望が見つからなかった"),
    "wish-sent": gettext_noop("要望は、すでに出したと記録されていた"),
    "wish-not-sent": gettext_noop("要望を、まだ出していなかった"),
    "wish-answered": gettext_noop("要望への回答が、すでに記録されていた"),
    "phrase-unknown": gettext_noop("文例が見つからなかった"),
    "phrase-retired": gettext_noop("ほかの職員が先に文例を書き直したか外していた"),
    "phrases-too-many": gettext_noop("文例が多すぎた"),
    "session-unknown": gettext_noop("サインインがすでに終わっていた"),
    "text-unknown": gettext_noop("お知らせの文が見つからなかった"),
    "text-changed": gettext_noop("ほかの職員が先に文を変えていた"),
    "text-same": gettext_noop("いまの文と同じだった"),
    "text-wrong": gettext_noop("文に直すところがあった"),
    "thread-closed": gettext_noop("メッセージの受付が終わっていた"),
    "message-unknown": gettext_noop("お知らせが見つからなかった"),
    "message-gone": gettext_noop("お知らせが見つからなかった"),
    "not-signed-in": gettext_noop("サインインしていなかった"),
    "place-unknown": gettext_noop("募集にない施設が含まれていた"),
    "places-number": gettext_noop("募集人数が0から999までの整数ではなかった"),
    "places-too-few": gettext_noop("すでに決まった人数より少なかった"),
    "round-without-places": gettext_noop("募集人数が入力されていなかった"),
    "round-open": gettext_noop("募集の締切がまだ過ぎていなかった"),
    "round-incomplete": gettext_noop("審査の終わっていない申込みがあった"),
    "round-changed": gettext_noop("選考を待つ申込みの数が変わっていた"),
    "round-empty": gettext_noop("選考を待つ申込みがなかった"),
    "round-unknown": gettext_noop("募集の回が見つからなかった"),
    "person-missing": gettext_noop("どなたの手続かが示されていなかった"),
    "reference-used": gettext_noop("同じ参照番号の手続がすでにあった"),
    "draft-exists": gettext_noop("同じ手続が提出されないまま残っていた"),
    "answers-invalid": gettext_noop("内容に誤りがあった"),
    "case-erased": gettext_noop("記録はすでに廃棄されていた"),
    "case-held": gettext_noop("廃棄が保留されていた"),
    "hold-incomplete": gettext_noop("保留の理由か期限に誤りがあった"),
    "hold-over": gettext_noop("保留はすでに解除されていた"),
    "keeping-period-runs": gettext_noop("保存期間がまだ終わっていなかった"),
    "text-unsafe": gettext_noop("使えない文字があった"),
    "text-private-use": gettext_noop("外字があった"),
    "text-emoji": gettext_noop("絵文字があった"),
    "text-line-break": gettext_noop("1行の欄に改行があった"),
    "text-type": gettext_noop("文字ではなかった"),
    "text-too-long": gettext_noop("文字が多すぎた"),
    "delegation-incomplete": gettext_noop("代理権の内容に誤りか、足りないところがあった"),
    "delegation-self": gettext_noop("本人を代理人にしようとした"),
    "delegation-over": gettext_noop("その代理権は、すでに終わっていた"),
    "delegation-over-case": gettext_noop("代理権が終わった後の手続を開こうとした"),
    "company-by-agent": gettext_noop("代わりに申し込む方が、会社に連絡しようとした"),
    "principal-too-young": gettext_noop("15歳になる前の方が、代理人を招待しようとした"),
    "invitation-over": gettext_noop("代理人への招待が、すでに終わっていた"),
    "invitation-tries": gettext_noop("招待コードの入力が多すぎた"),
    "invitation-unknown": gettext_noop("招待コードが違うか、使えなくなっていた"),
    "invitation-of-another": gettext_noop("カードの氏名が、招待された方の氏名と違った"),
    "name-unknown": gettext_noop("氏名が分からなかった"),
    "one-gone": gettext_noop("選ぼうとした方が、選べなくなっていた"),
    "layer-unknown": gettext_noop("そのレイヤーはなかった"),
    "layer-of-another": gettext_noop("そのレイヤーを担当する課ではなかった"),
    "layer-not-edited": gettext_noop("そのレイヤーを編集する課ではなかった"),
    "feature-unknown": gettext_noop("その地物はなかった"),
    "feature-changed": gettext_noop("開いている間に、ほかの人がその地物を変えていた"),
    "change-incomplete": gettext_noop("変更の内容に誤りか、足りないところがあった"),
    "change-unknown": gettext_noop("その変更はなかった"),
    "change-waits": gettext_noop("承認を待っている別の変更があった"),
    "change-decided": gettext_noop("すでに決まっていた"),
    "change-not-made": gettext_noop("地図に反映されていない変更だった"),
    "change-of-another": gettext_noop("ほかの人の変更だった"),
    "own-change": gettext_noop("自分の変更だった"),
    "undo-too-late": gettext_noop("その後に変わった地物があった"),
    "why-missing": gettext_noop("理由が書かれていなかった"),
    "key-taken": gettext_noop("同じ番号の地物がすでにあった"),
    "out-of-city": gettext_noop("市の外だった"),
    "overlaps": gettext_noop("ほかの地物と重なっていた"),
    "too-many-lines": gettext_noop("一度に変えられる数を超えていた"),
    "photo-unknown": gettext_noop("その写真はなかった"),
    "too-many-photos": gettext_noop("写真の数が多すぎた"),
    "scanner-down": gettext_noop("ウイルス検査ができなかった"),
    "table-missing": gettext_noop("表のファイルが選ばれていなかった"),
    "table-too-large": gettext_noop("表のファイルが大きすぎた"),
    "edits-would-go": gettext_noop("職員が直したところが、ファイルの内容に戻るところだった"),
    "most-would-go": gettext_noop("ほとんどの地物がなくなるところだった"),
    "older-than-known": gettext_noop("いまのデータより前の日付だった"),
}
#: Small steps of which many follow each other: one line says how many.
SMALL: Final = frozenset(
    {
        "case.save",
        "case.take-over",
        "case.take-one",
        "case.add-row",
        "case.remove-row",
        "case.add-document",
        "case.remove-document",
        "case.check",
        "case.uncheck",
    }
)


@dataclass(frozen=True, slots=True)
class HistoryLine:
    """One line. ``why`` is the reason for which it was allowed, or the one for which it was refused."""

    at: dt.datetime
    when: str
    who: str
    what: str
    about: str
    why: str
    refused: bool
    times: int = 1
    departures: Sequence[DepartureLine] = ()


def history_lines(
    happenings: Sequence[Happening], package: Published, departures: Sequence[Departure] = ()
) -> list[HistoryLine]:
    """What happened, newest first; readings are told apart by :func:`readings`. An examination says where it departed
    from the tables."""
    told = [one for one in happenings if not _is_reading(one.event)]
    return list(_lines(told, package, departures))[::-1]


def readings(happenings: Sequence[Happening], package: Published) -> list[HistoryLine]:
    """Who has looked at the case, newest first."""
    return list(_lines([one for one in happenings if _is_reading(one.event)], package))[::-1]


def what_words(event: Event) -> str:
    """The event's verb in words: 「補正を求めた」, of a refusal 「審査をしようとしたが、できなかった」."""
    if event.outcome == "refused":
        tried = gettext(TRIED[event.verb]) if event.verb in TRIED else title_of(event.verb)
        return gettext("%(what)sをしようとしたが、できなかった") % {"what": tried}
    word = DONE.get(f"{event.verb}:{_outcome(event)}") or DONE.get(event.verb)
    return gettext(word) if word else title_of(event.verb)


def title_of(verb: str) -> str:
    """The Japanese title that the act itself carries, for verbs that have no words here yet."""
    spec = ACTS.get(verb)
    return spec.title.partition(":")[0] if spec else verb


def why_words(event: Event) -> str:
    """The permission reason of what was done, the words of the refusal of what was not."""
    if event.outcome == "refused":
        known = WHY_NOT.get(event.reason)
        return gettext(known) if known else event.reason
    spec = ACTS.get(event.verb)
    return next((gettext(one.title) for one in spec.allow if one.code == event.reason), "") if spec else ""


def _is_reading(event: Event) -> bool:
    return event.verb in ("case.read", "case.show-part") and event.outcome == "done"


def _outcome(event: Event) -> str:
    data: dict[str, Any] = event.data
    flags = [name for name in ("corrected", "again") if data.get(name)]
    if not flags and event.verb == "case.submit" and event.channel == "counter":
        return "at-counter"
    return flags[0] if flags else str(data.get("outcome") or data.get("then") or "")


def _about(one: Happening, package: Published) -> str:
    """The step, the letter or the message that it was about."""
    node = package.graph.nodes.get(one.node)
    return one.what or (node.title["ja"] if node is not None and node.title is not None else "")


def _lines(
    happenings: Sequence[Happening], package: Published, departures: Sequence[Departure] = ()
) -> Iterator[HistoryLine]:
    held: HistoryLine | None = None
    kept = ""
    for one in happenings:
        event = one.event
        key = f"{event.verb} {event.outcome} {event.reason} {one.who}"
        times = 1
        if held is not None and key == kept and event.verb in SMALL:
            times = held.times + 1
        elif held is not None:
            yield held
        held, kept = _line(one, package, times, departures), key
    if held is not None:
        yield held


def _line(one: Happening, package: Published, times: int, departures: Sequence[Departure]) -> HistoryLine:
    event = one.event
    of_it = [
        departure_line(row, package)
        for row in departures
        if event.data.get("departs") and row.step_id == event.subject_id
    ]
    return HistoryLine(
        at=event.at,
        when=time_words(event.at),
        who=one.who,
        what=what_words(event),
        about=_about(one, package),
        why=why_words(event),
        refused=event.outcome == "refused",
        times=times,
        departures=of_it,
    )
