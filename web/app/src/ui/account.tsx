// One prepaid account: what the chain and the service say of its money, and the ways in and out of it.
import { useState, type ReactNode } from 'react';
import { funds, type AccountView as View } from '../../../shared/src/chain/account.ts';
import { readFigure, type Figure } from '../../../shared/src/figure.ts';
import { MINA } from '../../../shared/src/mina.ts';
import { ACCOUNT } from '../../../shared/src/rights.ts';
import { inSeconds, signAccountRight } from '../account_right.ts';
import { FEE, topUp } from '../chain/fund.ts';
import { accountOnChain, hostOf } from '../chain/node.ts';
import { useNode } from '../chain/nodes.ts';
import { amount, mina, moment, parseAmount, short, written, type Unit } from '../format.ts';
import { useLoaded } from '../load.ts';
import { placeOf } from '../route.ts';
import { ask } from '../service/api.ts';
import type { Terms } from '../service/offer.ts';
import { drop, keep, termsOf, type Account } from '../state/accounts.ts';
import { lastOf } from '../state/looked.ts';
import { useTransactions } from '../state/transactions.ts';
import { useWallet } from '../wallet/session.tsx';
import { AccountRuns } from './account_runs.tsx';
import { Leave } from './leave.tsx';
import { AmountField, NodeChoice, TransferButton, useTransfer } from './money.tsx';
import { Badge, Card, Code, Facts, Figures, Note } from './parts.tsx';
import { useSigning } from './signing.tsx';
import { Waiting } from './waiting.tsx';

const NETWORK = 'mina:devnet';
const RIGHT_SECONDS = 600;

export function AccountView(props: { account: Account; others: boolean }) {
  const { account, others } = props;
  const { address, document, service, seller, unit } = account;
  const [turn, setTurn] = useState(0);
  const [figure, setFigure] = useState<Figure | null>(null);
  const kept = useTransactions().find((one) => one.account === address);
  const [node] = useNode(document?.network ?? NETWORK);
  // Whoever opened the account for an offer goes on there.
  const next = lastOf(account.terms);
  const chain = useLoaded(`${node} ${address} ${turn} ${document === null} ${figure?.count}`, () =>
    document === null
      ? Promise.resolve(null)
      : accountOnChain(node, address, document, unit, figure ?? undefined),
  );
  const view = chain && 'value' in chain ? chain.value : null;
  const problem = chain && 'problem' in chain ? chain.problem : '';
  return (
    <>
      <div className="title">
        {others && (
          <a className="small" href="#/account">
            All accounts
          </a>
        )}
        <div className="row">
          <h1>Account</h1>
          {view && (
            <Badge tone={view.exitSlot === 0 ? 'good' : 'warn'}>
              {view.exitSlot === 0 ? 'Open' : 'Leaving'}
            </Badge>
          )}
          {next && view?.exitSlot === 0 && (
            <a className="button" href={placeOf(next.service, 'offers', next.offer)}>
              Back to “{next.title}”
            </a>
          )}
        </div>
      </div>
      <div className="columns">
        <div className="stack">
          {kept && <Waiting key={kept.command} kept={kept} done={() => setTurn(turn + 1)} />}
          <Card
            title="Money"
            side={<span className="mono quiet small">{short(address, 6)}</span>}
            label="Money"
          >
            {document === null ? (
              <Note>
                This browser knows the account by its address alone. Ask the service, signed: its
                answer names the terms, and then the chain can be asked.
              </Note>
            ) : problem !== '' ? (
              <Note tone="bad" title="What the chain shows is not shown" alert>
                {problem}
              </Note>
            ) : chain === null ? (
              <p className="quiet">Asking {hostOf(node)}…</p>
            ) : view === null ? (
              <Note tone="bad" alert>
                There is no such account on {document.network}, says {hostOf(node)}.
              </Note>
            ) : (
              <Money view={view} figure={figure} account={account} />
            )}
            <AskService account={account} told={setFigure} />
          </Card>
          {view && document && <Leave account={account} terms={document} view={view} node={node} />}
          <AccountRuns service={service} network={document?.network ?? NETWORK} account={address} />
        </div>
        <aside className="aside stack" aria-label="Top up and facts">
          {document && view?.exitSlot === 0 && !kept && (
            <TopUp account={account} terms={document} node={node} />
          )}
          <Card title="About it">
            <Facts
              items={[
                ['Service', new URL(service).host],
                ['Network', document?.network ?? 'not known here'],
                ...(document
                  ? ([['Kept in', <KeptIn asset={document.asset} unit={unit} />]] as [
                      string,
                      ReactNode,
                    ][])
                  : []),
                ['Seller', <span className="mono wrap">{seller}</span>],
                ['Address', <span className="mono wrap">{address}</span>],
                ...(view
                  ? ([['Buyer', <span className="mono wrap">{view.buyer}</span>]] as [
                      string,
                      ReactNode,
                    ][])
                  : []),
              ]}
            />
            <NodeChoice network={document?.network ?? NETWORK} />
            <div className="row">
              <button type="button" className="button" onClick={() => setTurn(turn + 1)}>
                Look again
              </button>
              <button type="button" className="button" onClick={() => drop(address)}>
                Forget here
              </button>
            </div>
          </Card>
        </aside>
      </div>
    </>
  );
}

/** A symbol is the seller's word for a token, so its whole id stands beside it. */
function KeptIn({ asset, unit }: { asset: string; unit: Unit }) {
  if (asset === MINA) return unit.symbol;
  return (
    <>
      {unit.symbol}, as the seller calls it <span className="mono wrap">{asset}</span>
    </>
  );
}

function Money(props: { view: View; figure: Figure | null; account: Account }) {
  const { view, figure, account } = props;
  const { unit, document } = account;
  const all = funds(view);
  const { committed, highest } = account.known;
  // Without the service's figure, what this browser signed for and did not see end counts as owed.
  const taken = figure
    ? figure.due + figure.pending
    : committed > view.spent
      ? committed
      : view.spent;
  const owed = taken - view.spent > 0n ? taken - view.spent : 0n;
  const free = all > taken ? all - taken : 0n;
  const leaving = view.exitSlot !== 0;
  const shares: [string, string, bigint][] = [
    ['spent', 'Settled on the chain', view.spent],
    [
      'owed',
      figure ? 'Owed, or reserved for runs under way' : 'Owed, as far as this browser knows',
      owed,
    ],
    ['free', leaving ? 'Yours' : 'Free for runs', free],
  ];
  return (
    <>
      <p className="price">
        <strong>{amount(free, unit.decimals)}</strong>
        {unit.symbol} {leaving ? 'yours, once the seller has settled' : 'free for runs'}
      </p>
      <Bar shares={shares.map(([kind, , value]) => [kind, value])} all={all} />
      <dl className="figures legend">
        {shares.map(([kind, name, value]) => (
          <div key={kind}>
            <dt className={kind}>{name}</dt>
            <dd>{written(value, unit)}</dd>
          </div>
        ))}
      </dl>
      <hr />
      <Figures
        items={[
          ['Balance on the chain', written(view.balance, unit)],
          ...(view.accrued > 0n
            ? ([['Of it the operator’s share', written(view.accrued, unit)]] as [string, string][])
            : []),
          ...(figure
            ? ([
                ['Due in all, signed by the oracle', written(figure.due, unit)],
                ['Pending, by the service’s word', written(figure.pending, unit)],
                ['Receipts', String(figure.count)],
              ] as [string, string][])
            : []),
          [
            'Most you ever signed, in all',
            // What was settled was signed, elsewhere perhaps.
            written(highest > view.spent ? highest : view.spent, unit),
          ],
        ]}
      />
      <p className="quiet small">
        Block {view.tip.height} of {moment(view.tip.made)}. Checked: code, every permission, terms,
        timing, state, seller and operator
        {document?.asset === MINA
          ? '.'
          : ', and the token: its owner’s code and permissions, symbol, decimals, and that it is not paused. Not checked: that all accounts of the token add up, and what is behind it; sealrun credits show does that for a credit.'}
        {view.settledKnown
          ? ''
          : ' Whether the settled amount is what the oracle signed shows once the service was asked.'}
      </p>
    </>
  );
}

function Bar(props: { shares: [string, bigint][]; all: bigint }) {
  const { shares, all } = props;
  if (all <= 0n) return null;
  let at = 0;
  return (
    <svg className="shares" viewBox="0 0 1000 12" preserveAspectRatio="none" aria-hidden="true">
      {shares.map(([kind, value]) => {
        const width = Number((value * 1000n) / all);
        const x = at;
        at += width;
        return <rect key={kind} className={kind} x={x} width={width} height="12" />;
      })}
    </svg>
  );
}

/** The service shows an account's figure to its buyer, who signs for it. */
function AskService(props: { account: Account; told: (figure: Figure) => void }) {
  const { account, told } = props;
  const { address, service, terms, document } = account;
  const network = document?.network ?? NETWORK;
  const signing = useSigning(network);
  const look = () =>
    signing.run(async (wallet, show) => {
      const right = { service, network, account: address, expires: inSeconds(RIGHT_SECONDS) };
      const headers = await signAccountRight(ACCOUNT, right, wallet, show);
      const answer = await ask<unknown>(`${service}/accounts/${address}`, { headers });
      told(readFigure(answer, address, terms));
      // Terms of the right hash, for a browser that only knew the hash.
      const shown = termsOf((answer as { terms?: unknown }).terms, terms);
      if (document === null && shown) keep({ ...account, document: shown, seller: shown.seller });
    });
  return (
    <>
      {signing.panel}
      <div>
        <button
          type="button"
          className="button"
          disabled={signing.busy}
          onClick={() => void look()}
        >
          Ask the service, signed
        </button>
      </div>
    </>
  );
}

function TopUp(props: { account: Account; terms: Terms; node: string }) {
  return props.terms.asset === MINA ? <TopUpHere {...props} /> : <TopUpByCommand {...props} />;
}

/** A token moves by a proof, which the command makes. */
function TopUpByCommand(props: { account: Account; terms: Terms; node: string }) {
  const { account, terms, node } = props;
  const text = `sealrun topup ${account.address} --amount 10 --asset ${terms.asset} --key my.key --node ${node}`;
  return (
    <Card title="Top up">
      <p className="quiet">
        Paying in {account.unit.symbol} takes a proof, which the command makes:
      </p>
      <Code text={text} label="Command" fold />
    </Card>
  );
}

function TopUpHere(props: { account: Account; terms: Terms; node: string }) {
  const { account, terms, node } = props;
  const { address, service } = account;
  const [text, setText] = useState('10');
  const { wallet, open } = useWallet();
  const transfer = useTransfer(terms.network, address);
  const added = parseAmount(text);
  const start = () => {
    if (!wallet || (wallet.network ?? terms.network) !== terms.network) return open(terms.network);
    if (added === undefined) return transfer.setProblem('Name the amount first.');
    void transfer.run((hooks) =>
      topUp({ service, terms, node, wallet, amount: added, ...hooks }, address),
    );
  };
  return (
    <Card title="Top up">
      <AmountField label="Amount" text={text} change={setText} disabled={transfer.busy} />
      <Figures items={[['Network fee', mina(FEE)]]} />
      <TransferButton transfer={transfer} start={start}>
        {added === undefined ? 'Add money' : `Add ${mina(added)}`}
      </TransferButton>
    </Card>
  );
}
