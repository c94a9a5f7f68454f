/**
 * Signing, as デジタル認証アプリ has it: a relying party tells what will be signed, the visitor signs it here with a card of
 * the test authority (tools/jpki), the relying party fetches what the card has signed, encrypted for it.
 *
 * The steps and addresses are the published ones. Names of members, the scope of the first token and how the answer is
 * encrypted are not published in full: they are those that madoguchi/bridges/oidc/signing.py assumes, and stand here
 * and there alone.
 */
import { constants, privateEncrypt, randomUUID } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { CompactEncrypt, importJWK } from 'jose';

export const SIGN_PATH = '/sign-transactions';
const LIFETIME = 10 * 60 * 1000;
const LARGEST = 4096;

class Rejected extends Error {
  constructor(status, code) {
    super(code);
    this.status = status;
  }
}

/** The transactions of one provider; `cards` is the folder that tools/jpki writes. */
export function signingAt(provider, cards) {
  const transactions = new Map();

  function alive(id) {
    const one = transactions.get(id);
    return one && one.until > Date.now() ? one : undefined;
  }

  async function bearer(request, model) {
    const [kind, value] = (request.headers.authorization ?? '').split(' ');
    const token = kind === 'Bearer' && value ? await model.find(value) : undefined;
    if (!token || !token.scope?.split(' ').includes('sign')) throw new Rejected(401, 'invalid_token');
    return token;
  }

  async function begin(request) {
    const token = await bearer(request, provider.ClientCredentials);
    const hash = Buffer.from((await readJson(request)).hash ?? '', 'base64');
    if (hash.length === 0 || hash.length > 245) throw new Rejected(400, 'invalid_hash'); // what RSA-2048 can pad
    const id = randomUUID();
    transactions.set(id, { clientId: token.clientId, hash, until: Date.now() + LIFETIME });
    return [201, { sign_transaction_id: id }];
  }

  async function result(request, id) {
    const token = await bearer(request, provider.AccessToken);
    const one = alive(id);
    if (!one?.signed || one.clientId !== token.clientId || one.signed.by !== token.accountId) throw new Rejected(404, 'not_found');
    transactions.delete(id); // what a card has signed is fetched once
    const client = await provider.Client.find(token.clientId);
    const key = client.jwks.keys.find(({ use }) => use === 'enc');
    if (!key) throw new Rejected(400, 'no_encryption_key');
    const { signature, certificate } = one.signed;
    const told = Buffer.from(JSON.stringify({ signature: signature.toString('base64'), certificate: certificate.toString('base64') }));
    const sealed = new CompactEncrypt(told).setProtectedHeader({ alg: 'ECDH-ES+A256KW', enc: 'A256GCM', kid: key.kid });
    return [200, { result: await sealed.encrypt(await importJWK(key, 'ECDH-ES+A256KW')) }];
  }

  return {
    /** Whether a request of the authorization endpoint names a transaction of this very client. */
    knows: (id, clientId) => alive(id)?.clientId === clientId,

    /** The resident's card signs: PKCS #1 v1.5 padding around what the relying party gave, as a card does it. */
    sign(id, resident) {
      const one = alive(id);
      const key = join(cards ?? '', `${resident}.key.pem`);
      if (!one || !cards || !existsSync(key)) return false;
      const padding = constants.RSA_PKCS1_PADDING;
      const signature = privateEncrypt({ key: readFileSync(key), padding }, one.hash);
      one.signed = { by: resident, signature, certificate: readFileSync(join(cards, `${resident}.cert.der`)) };
      return true;
    },

    /** Status and JSON for a request below SIGN_PATH. */
    async answer(request, path) {
      try {
        if (request.method === 'POST' && path === '') return await begin(request);
        const found = /^\/([0-9a-f-]{36})\/result$/.exec(path);
        if (request.method === 'GET' && found) return await result(request, found[1]);
        throw new Rejected(404, 'not_found');
      } catch (error) {
        if (error instanceof Rejected) return [error.status, { error: error.message }];
        throw error;
      }
    },
  };
}

async function readJson(request) {
  const chunks = [];
  let size = 0;
  for await (const chunk of request) {
    size += chunk.length;
    if (size > LARGEST) throw new Rejected(413, 'too_large');
    chunks.push(chunk);
  }
  try {
    return JSON.parse(Buffer.concat(chunks).toString('utf8')) ?? {};
  } catch {
    throw new Rejected(400, 'invalid_json');
  }
}
