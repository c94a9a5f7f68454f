/** Where the provider listens and which files it reads: from the command line first, then from the environment. */
import { parseArgs } from 'node:util';
import { fileURLToPath } from 'node:url';

export const USAGE = `使い方: node tools/idp/main.mjs [--port 3999] [--issuer URL] [--clients FILE] [--residents FILE] [--state DIR] [--cards DIR]
　　　　 node tools/idp/main.mjs --subjects localhost --state DIR（見本の方の sub を書き出して終わります）`;

export function settingsFrom(argv, env) {
  let values;
  try {
    ({ values } = parseArgs({
      args: argv,
      options: {
        port: { type: 'string', default: env.MADOGUCHI_IDP_PORT ?? '3999' },
        host: { type: 'string', default: '127.0.0.1' },
        issuer: { type: 'string', default: env.MADOGUCHI_IDP_ISSUER },
        clients: { type: 'string', default: env.MADOGUCHI_IDP_CLIENTS ?? `${env.MADOGUCHI_VAR ?? 'var'}/idp/clients.json` },
        residents: { type: 'string', default: env.MADOGUCHI_IDP_RESIDENTS ?? fileURLToPath(new URL('residents.json', import.meta.url)) },
        state: { type: 'string', default: env.MADOGUCHI_IDP_STATE },
        cards: { type: 'string', default: env.MADOGUCHI_IDP_CARDS },
        subjects: { type: 'string' },
        verbose: { type: 'boolean', default: false },
        help: { type: 'boolean', short: 'h', default: false },
      },
    }));
  } catch (error) {
    console.error(`${error.message}\n${USAGE}`);
    process.exit(2);
  }
  if (values.help) {
    console.log(USAGE);
    process.exit(0);
  }
  const port = Number(values.port);
  if (!Number.isInteger(port) || port < 1 || port > 65535) {
    console.error(`ポート番号は 1 から 65535 までの整数で指定してください。\n${USAGE}`);
    process.exit(2);
  }
  return { ...values, port, issuer: values.issuer ?? `http://localhost:${port}/api/realms/main` };
}
