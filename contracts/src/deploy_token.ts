/**
 * Deploys an unmodified FungibleToken on a local chain, and mints, for tests and demonstrations. A tool's request with
 * `owner_key`, `admin_key`, `decimals`, `symbol` and `mint`, a list of `{to, amount}`; or `pause` of a token that is there.
 */
import { FungibleToken, FungibleTokenAdmin } from 'mina-fungible-token';
import { AccountUpdate, Bool, PublicKey, TokenId, UInt64, UInt8 } from 'o1js';
import { Request } from './tools/request.js';
import { run, type Tool } from './tools/run.js';
import type { Session } from './tools/session.js';
import { pinnedKeys } from './verification_keys.js';

const MOST_HOLDERS = 20;

export const deploy: Tool = async (request, session) => {
  const owner = request.key('owner_key').toPublicKey();
  const admin = request.key('admin_key').toPublicKey();
  const id = TokenId.derive(owner);
  await session.compile('FungibleTokenAdmin', 'FungibleToken');
  if (request.has('paused')) await setPaused(session, owner, request.flag('paused', true));
  else await deployToken(request, session);
  for (const each of request.has('mint') ? request.list('mint', MOST_HOLDERS) : []) {
    const part = new Request(each as Record<string, unknown>);
    await mint(session, owner, part.address('to'), part.amount('amount'));
  }
  return { token: TokenId.toBase58(id), owner: owner.toBase58(), admin: admin.toBase58() };
};

async function deployToken(request: Request, session: Session): Promise<void> {
  const payer = session.payer.toPublicKey();
  const [ownerKey, adminKey] = [request.key('owner_key'), request.key('admin_key')];
  const token = new FungibleToken(ownerKey.toPublicKey());
  const { FungibleToken: code, FungibleTokenAdmin: adminCode } = pinnedKeys();
  const body = async () => {
    AccountUpdate.fundNewAccount(payer, 3);
    const admin = new FungibleTokenAdmin(adminKey.toPublicKey());
    await admin.deploy({ adminPublicKey: payer, verificationKey: adminCode });
    const src = 'https://github.com/MinaFoundation/mina-fungible-token';
    const said = { symbol: request.text('symbol'), src, allowUpdates: false };
    await token.deploy({ ...said, verificationKey: code });
    const decimals = UInt8.from(request.whole('decimals', 0, 255));
    await token.initialize(admin.address, decimals, Bool(false));
  };
  await session.send(body, [ownerKey, adminKey]);
}

async function mint(session: Session, owner: PublicKey, to: PublicKey, amount: UInt64) {
  const payer = session.payer.toPublicKey();
  const isNew = (await session.findAccount(to, TokenId.derive(owner))) === undefined;
  await fetchToken(session, owner);
  await session.send(async () => {
    if (isNew) AccountUpdate.fundNewAccount(payer);
    await new FungibleToken(owner).mint(to, amount);
  });
}

async function setPaused(session: Session, owner: PublicKey, paused: boolean): Promise<void> {
  await fetchToken(session, owner);
  const token = new FungibleToken(owner);
  await session.send(() => (paused ? token.pause() : token.resume()));
}

/** o1js builds on what was fetched last. */
async function fetchToken(session: Session, owner: PublicKey): Promise<void> {
  const { zkapp } = await session.account(owner, "token's owner");
  const [, x, isOdd] = zkapp!.appState;
  await session.account(PublicKey.fromFields([x!, isOdd!]), "token's admin");
  await session.account(owner, "token's circulation", TokenId.derive(owner));
}

if (import.meta.main) await run(deploy);
