/** The two pages that a person sees here: plain, phone-sized, and never to be taken for the real デジタル認証アプリ. */
import { createHash } from 'node:crypto';

const escape = (text) => String(text).replace(/[&<>"']/g, (c) => `&#${c.charCodeAt(0)};`);

const STYLE = `
:root { color-scheme: light dark; --text: #333; --page: #fff; --line: #949494; --note: #595959; --accent: #0017c1; --warn: #c16800; --warn-page: #fff8eb; }
@media (prefers-color-scheme: dark) {
  :root { --text: #f2f2f2; --page: #1a1a1a; --line: #767676; --note: #ccc; --accent: #c5d7fb; --warn: #f1a34b; --warn-page: #2b2113; }
}
* { box-sizing: border-box; }
body { margin: 0; background: var(--page); color: var(--text); font: 1rem/1.7 "BIZ UDPGothic", "Noto Sans JP", "Hiragino Sans", sans-serif; letter-spacing: .02em; }
header { border-bottom: 4px solid var(--warn); background: var(--warn-page); padding: 1rem; }
header p { margin: 0; }
header .name { font-weight: 700; font-size: 1.125rem; }
header .name, header .note, main { max-width: 36rem; margin-inline: auto; }
main { padding: 1.5rem 1rem 3rem; }
h1 { font-size: 1.5rem; line-height: 1.5; margin: 0 0 1rem; }
ul { list-style: none; margin: 1rem 0 2rem; padding: 0; display: grid; gap: .75rem; }
button { font: inherit; letter-spacing: inherit; color: inherit; background: transparent; cursor: pointer; width: 100%; border-radius: .5rem; }
.resident { display: grid; text-align: start; border: 1px solid var(--line); padding: .75rem 1rem; min-height: 4rem; }
.resident b { font-size: 1.125rem; color: var(--accent); text-decoration: underline; text-underline-offset: 3px; }
.resident small { font-size: .875rem; color: var(--note); }
.resident:hover { border-color: var(--accent); outline: 1px solid var(--accent); }
.cancel { border: 1px solid var(--accent); color: var(--accent); font-weight: 700; min-height: 3.5rem; }
button:focus-visible { outline: 4px solid #000; outline-offset: 2px; box-shadow: 0 0 0 2px #ffd43d; }
@media (prefers-color-scheme: dark) { button:focus-visible { outline-color: #fff; } }
`;

const STYLE_HASH = createHash('sha256').update(STYLE).digest('base64');

/** Sends the only form of a page off; where scripts do not run, its button does. */
export const SUBMIT = 'document.forms[0].submit();';

export function pageHeaders(script = '') {
  const allowed = script ? ` script-src 'sha256-${createHash('sha256').update(script).digest('base64')}';` : '';
  return {
    'Content-Type': 'text/html; charset=utf-8',
    'Content-Security-Policy': `default-src 'none';${allowed} style-src 'sha256-${STYLE_HASH}'; base-uri 'none'; frame-ancestors 'none'`,
    'Referrer-Policy': 'no-referrer',
    'X-Content-Type-Options': 'nosniff',
    'Cache-Control': 'no-store',
  };
}

function page(title, body) {
  return `<!doctype html>
<html lang="ja">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex">
<title>${escape(title)} | 見本の認証アプリ（テスト用）</title>
<style>${STYLE}</style>
</head>
<body>
<header>
<p class="name">見本の認証アプリ（テスト用）</p>
<p class="note">本物のデジタル認証アプリではありません。マイナンバーカードは使いません。実在の方の情報も扱いません。</p>
</header>
<main>
<h1>${escape(title)}</h1>
${body}
</main>
</body>
</html>
`;
}

/** Gregorian YYYY-MM-DD is read out as a date; any other form is shown as the test data have it. */
function readableDate(text) {
  const parts = /^(\d{4})-(\d{2})-(\d{2})$/.exec(text ?? '');
  return parts ? `${Number(parts[1])}年${Number(parts[2])}月${Number(parts[3])}日` : text;
}

function describe({ claims, note }) {
  const address = typeof claims.address === 'object' ? claims.address?.formatted : claims.address;
  return [claims.birthdate && `${readableDate(claims.birthdate)}生まれ`, address, note].filter(Boolean).map(escape).join('<br>');
}

export function choosePage({ client, asked, signs, residents }) {
  const handed = signs ? `<p>「${escape(client)}」への申請に、選んだ方の署名用電子証明書（試験用）で電子署名します。</p>` : asked.length ? `<p>「${escape(client)}」に、選んだ方の${escape(asked.join('、'))}を渡します。</p>` : `<p>「${escape(client)}」にサインインします。</p>`;
  const items = residents.map((resident) => `<li><button class="resident" name="resident" value="${escape(resident.id)}"><b>${escape(resident.claims.name)}</b><small>${describe(resident)}</small></button></li>`);
  return page(signs ? 'どの方として署名しますか' : 'どの方として認証しますか', `${handed}
<form method="post">
<ul>
${items.join('\n')}
</ul>
<button class="cancel" name="cancel" value="1">やめて元の画面に戻る</button>
</form>`);
}

/** Signing out needs no second question: whoever comes here has just signed out where they came from. */
export function leavePage(form) {
  const button = '<input type="hidden" name="logout" value="yes"><button class="cancel">サインアウトする</button></form>';
  return page('サインアウト', `${form.replace('</form>', button)}<script>${SUBMIT}</script>`);
}

export function leftPage() {
  return page('サインアウトしました', '<p>この画面は閉じてかまいません。</p>');
}

export function problemPage(text) {
  return page('認証を続けられません', `<p>${escape(text)}</p>`);
}
