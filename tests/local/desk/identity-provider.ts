/**
 * A stand-in for an identity provider and for the proxy before the desk (Traefik with oauth2-proxy): people sign in at the
 * provider, the proxy keeps their session in a cookie and adds the access token to what it passes on.
 */
import { once } from 'node:events';
import {
  createServer,
  type IncomingMessage,
  type RequestListener,
  request,
  type Server,
  type ServerResponse,
} from 'node:http';
import type { AddressInfo } from 'node:net';
import { exportJWK, generateKeyPair, SignJWT } from 'jose';

const COOKIE = 'proxy-session';

export interface Provider {
  readonly issuer: string;
  token(groups: readonly string[]): Promise<string>;
  close(): Promise<void>;
}

export async function identityProvider(): Promise<Provider> {
  const { privateKey, publicKey } = await generateKeyPair('ES256');
  const keys = { keys: [{ ...(await exportJWK(publicKey)), alg: 'ES256', kid: '1' }] };
  const server = await listening((asked, answer) => {
    const { pathname, searchParams } = new URL(asked.url!, issuer);
    if (pathname === '/keys') json(answer, keys);
    else if (pathname === '/.well-known/openid-configuration')
      json(answer, { issuer, jwks_uri: `${issuer}/keys` });
    else page(answer, `<a href="${searchParams.get('back')}/signed-in">Let me in</a>`);
  });
  const issuer = addressOf(server);
  return {
    issuer,
    token: (groups) =>
      new SignJWT({ groups })
        .setProtectedHeader({ alg: 'ES256', typ: 'at+jwt', kid: '1' })
        .setIssuer(issuer)
        .setAudience('aurum')
        .setSubject('jane@example.com')
        .setIssuedAt()
        .setExpirationTime('1h')
        .sign(privateKey),
    close: () => closed(server),
  };
}

export interface ProxyOptions {
  readonly api: string;
  readonly provider: Provider;
  /** What the API is asked without a session: refused at once, or sent to the provider as the page is. */
  readonly withoutSession: 'refuse' | 'redirect';
  readonly groups: readonly string[];
}

export interface Proxy {
  readonly url: string;
  /** As when its cookie has run out. */
  endSessions(): void;
  close(): Promise<void>;
}

export async function signInProxy({ api, provider, withoutSession, groups }: ProxyOptions): Promise<Proxy> {
  const token = await provider.token(groups);
  let session = 1;
  const server = await listening((asked, answer) => {
    if (asked.url === '/signed-in') {
      answer
        .writeHead(302, {
          location: '/',
          'set-cookie': `${COOKIE}=${session}; HttpOnly; SameSite=Lax; Path=/`,
        })
        .end();
    } else if (asked.headers.cookie === `${COOKIE}=${session}`) passOn(asked, answer, api, token);
    else if (asked.url!.startsWith('/v1/') && withoutSession === 'refuse')
      answer.writeHead(401).end('Unauthorized\n');
    else
      answer
        .writeHead(302, { location: `${provider.issuer}/authorize?back=${encodeURIComponent(url)}` })
        .end();
  });
  const url = addressOf(server);
  return {
    url,
    endSessions: () => {
      session += 1;
    },
    close: () => closed(server),
  };
}

function passOn(asked: IncomingMessage, answer: ServerResponse, api: string, token: string): void {
  const { cookie: _, host: __, ...headers } = asked.headers;
  const passed = request(api + asked.url, {
    method: asked.method,
    headers: { ...headers, authorization: `Bearer ${token}` },
  });
  passed.on('response', (from) => {
    answer.writeHead(from.statusCode!, from.headers);
    from.pipe(answer);
  });
  passed.on('error', () => answer.destroy());
  asked.pipe(passed);
}

async function listening(listener: RequestListener): Promise<Server> {
  const server = createServer(listener).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return server;
}

const addressOf = (server: Server) => `http://127.0.0.1:${(server.address() as AddressInfo).port}`;

async function closed(server: Server): Promise<void> {
  server.close();
  server.closeAllConnections();
  await once(server, 'close');
}

const json = (answer: ServerResponse, body: object) =>
  answer.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(body));

const page = (answer: ServerResponse, body: string) =>
  answer.writeHead(200, { 'content-type': 'text/html' }).end(`<!doctype html><title>Provider</title>${body}`);
