// Prepaid accounts of this browser: all of them, or one with its money.
import { short, written } from '../format.ts';
import { useAccounts, type Account } from '../state/accounts.ts';
import { useTransactions } from '../state/transactions.ts';
import { AccountView } from '../ui/account.tsx';
import { Badge, Card, Code } from '../ui/parts.tsx';
import { Waiting } from '../ui/waiting.tsx';

export function Accounts(props: { address: string }) {
  const accounts = useAccounts();
  const openings = useTransactions().filter(({ kind }) => kind === 'open');
  const one =
    accounts.find(({ address }) => address === props.address) ??
    (props.address === '' && accounts.length === 1 && openings.length === 0
      ? accounts[0]
      : undefined);
  if (one) return <AccountView key={one.address} account={one} others={accounts.length > 1} />;
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
        {openings.map((kept) => (
          <Waiting
            key={kept.command}
            kept={kept}
            done={() => (location.hash = `#/account/${kept.account}`)}
          />
        ))}
        {accounts.length > 0 && <List accounts={accounts} />}
        {accounts.length === 0 && openings.length === 0 && (
          <Card title="No account yet">
            <p className="quiet">
              Free offers need none. An offer with a price has the button “Open an account”. The
              command opens one too:
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

function List(props: { accounts: Account[] }) {
  return (
    <Card title={props.accounts.length === 1 ? '1 account' : `${props.accounts.length} accounts`}>
      <table className="cards">
        <thead>
          <tr>
            <th scope="col">Account</th>
            <th scope="col">Service</th>
            <th scope="col">Seller</th>
            <th scope="col" className="end">
              Most you ever signed
            </th>
          </tr>
        </thead>
        <tbody>
          {props.accounts.map(({ address, service, seller, document, unit, known }) => (
            <tr key={address}>
              <td>
                <a className="mono" href={`#/account/${address}`}>
                  {short(address, 6)}
                </a>
              </td>
              <td className="wrap">
                {new URL(service).host} {document && <Badge>{document.network}</Badge>}
              </td>
              <td className="mono quiet">{short(seller, 5)}</td>
              <td className="end">{written(known.highest, unit)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </Card>
  );
}
