/**
 * 見本の認証アプリ: an identity provider for demonstrations and tests, configured as デジタル認証アプリ prescribes
 * (code flow, PKCE S256, state, nonce, private_key_jwt and id_token in ES256, pairwise subjects). It stands apart from
 * the Python program, which must treat it as it treats the real one: over HTTP and by its documents only.
 * The protocol is the certified npm package oidc-provider; this file adds what that package leaves to its user.
 */
import { createHash } from 'node:crypto';
import { createServer } from 'node:http';
import { Provider, errors } from 'oidc-provider';

import { clientsFrom, residentsFrom, secretsFrom, memory } from './store.mjs';
import { SUBMIT, choosePage, leavePage, leftPage, problemPage, pageHeaders } from './pages.mjs';
import { settingsFrom } from './settings.mjs';
import { SIGN_PATH, signingAt } from './signing.mjs';

const settings = settingsFrom(process.argv.slice(2), process.env);
const residents = residentsFrom(settings.residents);
const clients = clientsFrom(settings.clients);
const secrets = await secretsFrom(settings.state);

/** Pairwise (OpenID Connect Core 8.1): another sector, another subject for the same resident. */
const subjectFor = (sector, id) => createHash('sha256').update(`${secrets.salt}|${sector}|${id}`).digest('base64url');

if (settings.subjects) { // so that sample data can belong to the residents who will sign in
  console.log(JSON.stringify(Object.fromEntries([...residents.keys()].map((id) => [id, subjectFor(settings.subjects, id)]))));
  process.exit(0);
}

const ENDPOINTS = '/protocol/openid-connect'; // the path of the real realm, so that nothing learns to rely on another
const ATTRIBUTES = { name: '氏名', address: '住所', birthdate: '生年月日', gender: '性別' };
const ACR = ['aal3', 'crl'];

const provider = new Provider(settings.issuer, {
  adapter: (model) => (model === 'Client' ? clients : memory(model)),
  jwks: secrets.jwks,
  cookies: { keys: [secrets.cookie], long: { httpOnly: true, sameSite: 'lax' }, short: { httpOnly: true, sameSite: 'lax' } },
  routes: {
    authorization: `${ENDPOINTS}/auth`,
    token: `${ENDPOINTS}/token`,
    userinfo: `${ENDPOINTS}/userinfo`,
    jwks: `${ENDPOINTS}/certs`,
    end_session: `${ENDPOINTS}/logout`,
  },
  scopes: ['openid', 'sign', ...Object.keys(ATTRIBUTES)],
  extraParams: ['sign_transaction_id'],
  claims: {
    openid: ['sub'],
    ...Object.fromEntries(Object.keys(ATTRIBUTES).map((name) => [name, [name]])),
    acr: null,
    auth_time: null,
    iss: null,
  },
  acrValues: ACR,
  responseTypes: ['code'],
  subjectTypes: ['pairwise'],
  pairwiseIdentifier: (ctx, accountId, client) => subjectFor(client.sectorIdentifier, accountId),
  pkce: { required: () => true },
  clientAuthMethods: ['private_key_jwt'],
  enabledJWA: {
    idTokenSigningAlgValues: ['ES256'],
    clientAuthSigningAlgValues: ['ES256'],
  },
  clientDefaults: {
    grant_types: ['authorization_code', 'client_credentials'],
    response_types: ['code'],
    token_endpoint_auth_method: 'private_key_jwt',
    token_endpoint_auth_signing_alg: 'ES256',
    id_token_signed_response_alg: 'ES256',
    subject_type: 'pairwise',
  },
  ttl: { AccessToken: 300, ClientCredentials: 60, AuthorizationCode: 60, IdToken: 300, Interaction: 600, Grant: 600, Session: 600 },
  features: {
    clientCredentials: { enabled: true },
    devInteractions: { enabled: false },
    rpInitiatedLogout: {
      enabled: true,
      logoutSource: (ctx, form) => {
        ctx.set(pageHeaders(SUBMIT));
        ctx.body = leavePage(form);
      },
      postLogoutSuccessSource: (ctx) => {
        ctx.set(pageHeaders());
        ctx.body = leftPage();
      },
    },
    backchannelLogout: { enabled: true },
    userinfo: { enabled: true },
    resourceIndicators: { enabled: false },
    pushedAuthorizationRequests: { enabled: false },
    dPoP: { enabled: false },
  },
  // The package refuses to call addresses of this machine; here all relying parties are on it.
  fetch: (url, options) => globalThis.fetch(url, { ...options, dispatcher: undefined }),
  interactions: { url: (ctx, interaction) => `${basePath}/card/${interaction.uid}` },
  findAccount: (ctx, id) => {
    const resident = residents.get(id);
    return resident && { accountId: id, claims: () => ({ sub: id, ...resident.claims }) };
  },
  // Choosing a resident on the page is the consent: there is nothing more to ask.
  loadExistingGrant: async (ctx) => {
    const grant = new ctx.oidc.provider.Grant({ clientId: ctx.oidc.client.clientId, accountId: ctx.oidc.session.accountId });
    grant.addOIDCScope([...ctx.oidc.requestParamScopes].join(' '));
    await grant.save();
    return grant;
  },
  renderError: (ctx, out) => {
    ctx.set(pageHeaders());
    ctx.body = problemPage(`${out.error}${out.error_description ? `: ${out.error_description}` : ''}`);
  },
});

const basePath = new URL(settings.issuer).pathname.replace(/\/$/, '');
const answerProtocol = provider.callback();
const signing = signingAt(provider, settings.cards);

function send(response, status, body, headers = {}) {
  response.writeHead(status, { ...pageHeaders(), ...headers });
  response.end(body);
}

/** What the package holds optional and デジタル認証アプリ does not. */
function missingParameter(query) {
  return ['state', 'nonce'].find((name) => !query.get(name));
}

/** Every authentication reads the card afresh: the provider's own session never carries over. */
function forgetSession(request) {
  const kept = (request.headers.cookie ?? '').split(/;\s*/).filter((cookie) => cookie && !cookie.startsWith('_session'));
  request.headers.cookie = kept.join('; ');
}

async function readForm(request) {
  const chunks = [];
  let size = 0;
  for await (const chunk of request) {
    size += chunk.length;
    if (size > 4096) throw new errors.InvalidRequest('form too large');
    chunks.push(chunk);
  }
  return new URLSearchParams(Buffer.concat(chunks).toString('utf8'));
}

/** The card page: GET shows the residents to choose from, POST goes on as the chosen one or cancels. */
async function answerCard(request, response) {
  const interaction = await provider.interactionDetails(request, response);
  const { params } = interaction;
  if (request.method !== 'POST') {
    const client = await provider.Client.find(params.client_id);
    const asked = params.scope.split(' ').filter((scope) => scope in ATTRIBUTES).map((scope) => ATTRIBUTES[scope]);
    const signs = params.sign_transaction_id !== undefined;
    send(response, 200, choosePage({ client: client.clientName ?? client.clientId, asked, signs, residents: [...residents.values()] }));
    return;
  }
  const form = await readForm(request);
  const resident = residents.get(form.get('resident'));
  let result;
  if (form.has('cancel')) {
    result = { error: 'access_denied', error_description: 'cancelled by the user' };
  } else if (resident && params.sign_transaction_id && !signing.sign(params.sign_transaction_id, resident.id)) {
    result = { error: 'server_error', error_description: 'this card cannot sign' };
  } else if (resident) {
    const wanted = (params.acr_values ?? '').split(' ').filter((value) => resident.acr.includes(value));
    result = { login: { accountId: resident.id, acr: wanted.join(' ') || undefined, remember: false } };
  } else {
    send(response, 400, problemPage('選んだ方が一覧にありません。前の画面に戻って選び直してください。'));
    return;
  }
  await provider.interactionFinished(request, response, result, { mergeWithLastSubmission: false });
}

async function answer(request, response) {
  const url = new URL(request.url, settings.issuer);
  if (url.pathname === '/favicon.ico') {
    response.writeHead(204).end();
    return;
  }
  const beside = basePath.replace(/\/realms\/.*$/, '') + SIGN_PATH; // .../api/realms/main and .../api/sign-transactions
  if (url.pathname === beside || url.pathname.startsWith(`${beside}/`)) {
    const [status, told] = await signing.answer(request, url.pathname.slice(beside.length));
    send(response, status, JSON.stringify(told), { 'Content-Type': 'application/json' });
    return;
  }
  if (!url.pathname.startsWith(`${basePath}/`)) {
    send(response, 404, problemPage('このページはありません。'));
    return;
  }
  const path = url.pathname.slice(basePath.length);
  if (path.startsWith('/card/')) {
    await answerCard(request, response);
    return;
  }
  if (path === `${ENDPOINTS}/auth`) {
    forgetSession(request);
    const missing = missingParameter(url.searchParams);
    if (missing) {
      send(response, 400, problemPage(`invalid_request: ${missing} is required`));
      return;
    }
    const named = url.searchParams.get('sign_transaction_id');
    const signs = (url.searchParams.get('scope') ?? '').split(' ').includes('sign');
    if (signs !== (named !== null) || (named !== null && !signing.knows(named, url.searchParams.get('client_id')))) {
      send(response, 400, problemPage('invalid_request: sign_transaction_id'));
      return;
    }
  }
  request.originalUrl = request.url;
  request.url = request.url.slice(basePath.length);
  await answerProtocol(request, response);
}

const server = createServer((request, response) => {
  answer(request, response).catch((error) => {
    if (response.headersSent) {
      response.destroy(error);
    } else if (error instanceof errors.OIDCProviderError) {
      send(response, error.statusCode ?? 400, problemPage('時間がたったため、続けられません。はじめの画面からやり直してください。'));
    } else {
      console.error(error);
      send(response, 500, problemPage('見本の認証アプリで問題が起きました。'));
    }
  });
});

provider.on('server_error', (ctx, error) => console.error(error));
if (settings.verbose) {
  for (const name of ['authorization.error', 'grant.error', 'userinfo.error', 'end_session.error']) {
    provider.on(name, (ctx, error) => console.error(name, error.error, error.error_detail ?? error.error_description));
  }
  provider.on('backchannel.error', (ctx, error, client) => console.error('backchannel.error', client.clientId, error.message));
}
server.on('error', (error) => {
  console.error(error.code === 'EADDRINUSE'
    ? `見本の認証アプリ: ポート ${settings.port} は使用中です。MADOGUCHI_IDP_PORT で別の番号を指定してください。`
    : `見本の認証アプリ: ${error.message}`);
  process.exit(1);
});
server.listen(settings.port, settings.host, () => console.log(`見本の認証アプリ（テスト用）: ${settings.issuer}`));
for (const signal of ['SIGINT', 'SIGTERM']) {
  process.once(signal, () => {
    server.close(() => process.exit(0));
    server.closeAllConnections();
  });
}
