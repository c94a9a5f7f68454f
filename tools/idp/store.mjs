/** What the provider knows: residents and clients from JSON files, its own secrets, and short-lived records in memory. */
import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

function stop(message) {
  console.error(`見本の認証アプリ: ${message}`);
  process.exit(1);
}

function readJson(file) {
  try {
    return JSON.parse(readFileSync(file, 'utf8'));
  } catch (error) {
    return stop(`${file} を読めません（${error.message}）。`);
  }
}

/** Residents by id: {salt, residents: [{id, claims: {name, address, birthdate, gender}, acr?}]}. */
export function residentsFrom(file) {
  const { residents } = readJson(file);
  if (!Array.isArray(residents) || residents.length === 0) stop(`${file} に residents の一覧がありません。`);
  const byId = new Map();
  for (const { id, claims, acr = 'aal3 crl', note = '' } of residents) {
    if (!id || !claims?.name) stop(`${file}: id と claims.name のない方があります。`);
    if (byId.has(id)) stop(`${file}: id ${id} が二度あります。`);
    byId.set(id, { id, claims, acr: acr.split(' '), note });
  }
  return byId;
}

/**
 * Relying parties, from the file that they write themselves (client_id, redirect_uris, jwks). Read at every look-up: a
 * relying party may be set up, or change its key, while the provider runs.
 */
export function clientsFrom(file) {
  return {
    async find(id) {
      if (!existsSync(file)) return undefined;
      return JSON.parse(readFileSync(file, 'utf8')).find((client) => client.client_id === id);
    },
  };
}

/** Signing key, cookie key and the salt of the pairwise subjects: kept in `directory`, or made anew at each start. */
export async function secretsFrom(directory) {
  const file = directory && join(directory, 'provider.json');
  if (file && existsSync(file)) return readJson(file);
  const { privateKey } = await crypto.subtle.generateKey({ name: 'ECDSA', namedCurve: 'P-256' }, true, ['sign', 'verify']);
  const { kty, crv, x, y, d } = await crypto.subtle.exportKey('jwk', privateKey);
  const random = () => randomBytes(24).toString('base64url');
  const secrets = {
    jwks: { keys: [{ kty, crv, x, y, d, kid: random(), alg: 'ES256', use: 'sig' }] },
    cookie: random(),
    salt: random(),
  };
  if (file) {
    mkdirSync(directory, { recursive: true, mode: 0o700 });
    writeFileSync(file, JSON.stringify(secrets), { mode: 0o600 });
  }
  return secrets;
}

const records = new Map();

function sweep(now) {
  for (const [key, { until }] of records) if (until <= now) records.delete(key);
}

/** The adapter that oidc-provider asks for, one per model; records live for minutes and die with the process. */
export function memory(model) {
  const key = (id) => `${model}:${id}`;
  const live = (id) => {
    const record = records.get(key(id));
    return record && record.until > Date.now() ? record.payload : undefined;
  };
  return {
    async upsert(id, payload, seconds) {
      const now = Date.now();
      if (records.size > 1000) sweep(now);
      records.set(key(id), { payload, until: seconds ? now + seconds * 1000 : Infinity });
    },
    async find(id) {
      return live(id);
    },
    async findByUid(uid) {
      for (const [name, { payload }] of records) {
        if (name.startsWith(`${model}:`) && payload.uid === uid) return payload;
      }
      return undefined;
    },
    async consume(id) {
      const payload = live(id);
      if (payload) payload.consumed = Math.floor(Date.now() / 1000);
    },
    async destroy(id) {
      records.delete(key(id));
    },
    async revokeByGrantId(grantId) {
      for (const [name, { payload }] of records) {
        if (payload.grantId === grantId) records.delete(name);
      }
    },
  };
}
