// Leaving an account: the wallet signs here, the command proves and sends, and nobody has to agree.
import { useState } from 'react';
import { slotMoment, type AccountView } from '../../../shared/src/chain/account.ts';
import {
  EXIT_SLOTS,
  EXIT,
  exitFields,
  WITHDRAW,
  exitFile,
  withdrawable,
  withdrawalFile,
  withdrawFields,
  type Left,
} from '../../../shared/src/chain/leaving.ts';
import { utf8 } from '../../../shared/src/bytes.ts';
import { assetWords, moment, short, written } from '../format.ts';
import type { Terms } from '../service/offer.ts';
import type { Account } from '../state/accounts.ts';
import { signChecked, type Show } from '../wallet/sign.ts';
import type { Wallet } from '../wallet/wallet.ts';
import { save } from './files.tsx';
import { Card, Code, Copy } from './parts.tsx';
import { useSigning } from './signing.tsx';

interface Leaving {
  account: Account;
  terms: Terms;
  view: AccountView;
  node: string;
}

export function Leave(props: Leaving) {
  const { view } = props;
  if (view.exitSlot === 0) return <Exit {...props} />;
  return <Withdraw {...props} />;
}

function Exit({ account, terms, view, node }: Leaving) {
  const { tip } = view;
  const latest = tip.slot + EXIT_SLOTS;
  const from = slotMoment(tip, latest + terms.exit_delay);
  const sign = useSigned('exit.json', view.buyer, terms.network, async (wallet, show) => {
    const meanings = [
      `tag “${EXIT}”`,
      `network ${terms.network}`,
      `account ${short(account.address, 4)}, x`,
      'account, is odd',
      `asset ${assetWords(terms.asset, account.unit)}`,
      `in a block by slot ${latest}`,
    ];
    const fields = exitFields(left(account, terms), latest);
    const signature = await signChecked(wallet, fields, meanings, show);
    return exitFile(account.address, terms, latest, signature);
  });
  return (
    <Card title="Leave">
      <p className="quiet">
        Ask to leave, wait, and take the rest out. Until then the seller settles what is owed.
        Nobody has to agree, and it cannot be taken back.
      </p>
      <p>
        Asked for now, the rest is yours from <strong>{moment(from)}</strong> on (slot{' '}
        {latest + terms.exit_delay}).
      </p>
      {sign.part('Sign my exit')}
      {sign.saved && (
        <Steps
          text={`sealrun exit --signed exit.json --key any.key --node ${node}`}
          says={`Prove and send it by ${moment(slotMoment(tip, latest))}; after that the signature is worth nothing. Any key pays the fee.`}
        />
      )}
    </Card>
  );
}

function left({ address }: Account, { network, asset }: Terms): Left {
  return { network, account: address, asset };
}

function Withdraw({ account, terms, view, node }: Leaving) {
  const { tip, exitSlot } = view;
  const rest = withdrawable(view);
  const reached = tip.slot >= exitSlot;
  const sign = useSigned('withdrawal.json', view.buyer, terms.network, async (wallet, show) => {
    const meanings = [
      `tag “${WITHDRAW}”`,
      `network ${terms.network}`,
      `account ${short(account.address, 4)}, x`,
      'account, is odd',
      `asset ${assetWords(terms.asset, account.unit)}`,
      'exit slot, counts each withdrawal once',
      `${written(rest, account.unit)}, to your wallet`,
    ];
    const fields = withdrawFields(left(account, terms), exitSlot, rest);
    const signature = await signChecked(wallet, fields, meanings, show);
    return withdrawalFile(account.address, terms, rest, signature);
  });
  if (rest === 0n)
    return (
      <Card title="Left">
        <p className="quiet">
          The exit was asked for, and nothing of yours is left in the account.
        </p>
      </Card>
    );
  return (
    <Card title="Leaving">
      <p>
        {written(rest, account.unit)} {reached ? 'can be taken out now.' : 'can be taken out from'}{' '}
        {!reached && (
          <>
            <strong>{moment(slotMoment(tip, exitSlot))}</strong> on (slot {exitSlot}), less what the
            seller settles until then.
          </>
        )}
      </p>
      {reached && sign.part('Sign my withdrawal')}
      {sign.saved && (
        <Steps
          text={`sealrun withdraw --signed withdrawal.json --key any.key --node ${node}`}
          says="Prove and send it. Any key pays the fee; the money goes to your wallet alone."
        />
      )}
    </Card>
  );
}

function Steps(props: { text: string; says: string }) {
  return (
    <>
      <p className="quiet small">{props.says}</p>
      <Code fold label="Command" text={props.text} />
      <div>
        <Copy text={props.text} what="command" />
      </div>
    </>
  );
}

/** A signature of the account's buyer, saved as a file for the command. */
function useSigned(
  file: string,
  buyer: string,
  network: string,
  sign: (wallet: Wallet, show: Show) => Promise<string>,
) {
  const signing = useSigning(network);
  const [text, setText] = useState('');
  const start = () =>
    signing.run(async (wallet, show) => {
      if (wallet.address !== buyer)
        throw new Error(`Only the account’s buyer can leave: choose ${buyer} in the wallet.`);
      const signed = await sign(wallet, show);
      setText(signed);
      save(file, utf8(signed));
    });
  const part = (label: string) => (
    <>
      <div className="row">
        <button
          type="button"
          className="button"
          disabled={signing.busy}
          onClick={() => void start()}
        >
          {label}
        </button>
        {text !== '' && (
          <button type="button" className="button" onClick={() => save(file, utf8(text))}>
            Save {file} again
          </button>
        )}
      </div>
      {signing.panel}
    </>
  );
  return { part, saved: text !== '' };
}
