// Prepaid accounts: what was signed for each, what the service says, and the commands that move their money.
import { useState } from 'react';
import { readFigure, type Figure } from '../../../shared/src/figure.ts';
import { accountRight } from '../../../shared/src/rights.ts';
import { message, mina, moment, short } from '../format.ts';
import { ask } from '../service/api.ts';
import { drop, useAccounts, type Account } from '../state/accounts.ts';
import { Numerals } from '../ui/numerals.tsx';
import { Card, Code, Facts, Figures, Note } from '../ui/parts.tsx';
import { useWallet } from '../wallet/session.tsx';
import { signChecked, type Numeral } from '../wallet/sign.ts';
import { Declined } from '../wallet/wallet.ts';

const NETWORK = 'mina:devnet';
const RIGHT_SECONDS = 600;

export function Accounts() {
  const accounts = useAccounts();
  return (
    <>
      <div className="title">
        <h1>Accounts</h1>
        <p>
          A prepaid account holds your money for one seller’s terms. Only a run that succeeds, and
          that you signed for, takes anything out of it. You can leave without anybody’s consent.
        </p>
      </div>
      <div className="stack">
        {accounts.map((account) => (
          <One key={account.address} account={account} />
        ))}
        {accounts.length === 0 && (
          <Card title="No account yet">
            <p className="quiet">
              Free offers need none. For an offer with a price, open an account with the command and
              name it beside the offer’s button.
            </p>
            <Code
              fold
              label="Command"
              text="sealrun open https://…/offers/… --deposit 20 --account-key account.key --key my.key"
            />
          </Card>
        )}
      </div>
    </>
  );
}

function One(props: { account: Account }) {
  const { address, seller, service, terms, known } = props.account;
  const { wallet, open } = useWallet();
  const [figure, setFigure] = useState<Figure | null>(null);
  const [problem, setProblem] = useState('');
  const [numerals, setNumerals] = useState<Numeral[] | null>(null);
  const look = async () => {
    if (!wallet) return open();
    setProblem('');
    try {
      const expires = Math.floor(Date.now() / 1000) + RIGHT_SECONDS;
      const fields = await accountRight(service, NETWORK, address, expires);
      const meanings = [
        'tag “sealrun:account”: no payment',
        `network ${NETWORK}`,
        `account ${short(address, 4)}, x`,
        'account, is odd',
        `until ${moment(expires)}`,
        `at ${new URL(service).host} only`,
      ];
      const headers = {
        'Sealrun-Key': wallet.address,
        'Sealrun-Expires-At': String(expires),
        'Sealrun-Signature': await signChecked(wallet, fields, meanings, setNumerals),
      };
      const answer = await ask<unknown>(`${service}/accounts/${address}`, { headers });
      setFigure(readFigure(answer, address, terms));
    } catch (error) {
      setProblem(error instanceof Declined ? 'Declined in the wallet.' : message(error));
    }
  };
  return (
    <Card title={short(address, 8)} label={`Account ${address}`}>
      <Facts
        items={[
          ['Address', <span className="mono wrap">{address}</span>],
          ['Seller', <span className="mono wrap">{seller}</span>],
          ['Service', new URL(service).host],
        ]}
      />
      <hr />
      <Figures
        items={[
          ['Most you ever signed, in all', mina(known.highest)],
          ...(figure
            ? ([
                ['Due, signed by the oracle', mina(figure.due)],
                ['Reserved for runs under way, by the service’s word', mina(figure.pending)],
                ['Receipts', String(figure.count)],
              ] as [string, string][])
            : []),
        ]}
      />
      <div role="status">{numerals && <Numerals numerals={numerals} />}</div>
      {problem && (
        <Note tone="bad" alert>
          {problem}
        </Note>
      )}
      <div className="row">
        <button type="button" className="button" onClick={() => void look()}>
          Ask the service, signed
        </button>
        <button type="button" className="button" onClick={() => drop(address)}>
          Forget here
        </button>
      </div>
      <details>
        <summary>Add money, or leave</summary>
        <p className="quiet small">
          Leaving takes two proofs, which the command makes. Between them the account’s exit delay
          passes.
        </p>
        <Code
          fold
          label="Commands"
          text={[
            `sealrun topup ${address} --amount 10 --key my.key`,
            `sealrun exit ${address} --key my.key`,
            `sealrun withdraw ${address} --key my.key`,
          ].join('\n')}
        />
      </details>
    </Card>
  );
}
