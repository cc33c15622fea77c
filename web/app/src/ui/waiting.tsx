// A transaction on its way into a block: asked for until it is over, in this tab or in the next one.
import { useEffect, useState } from 'react';
import { sendAgain, standingOf } from '../chain/fund.ts';
import { hostOf, NodeRefused, type Standing } from '../chain/node.ts';
import { useNode } from '../chain/nodes.ts';
import { message, mina, short } from '../format.ts';
import { forgetTransaction, type Kept } from '../state/transactions.ts';
import { Badge, Card, Figures, Note } from './parts.tsx';
import { NodeChoice } from './money.tsx';

const POLL_MS = 5000;
const STEPS = ['Signed', 'Sent', 'In a block', 'Checked on the chain'];

export function Waiting(props: { kept: Kept; done: () => void }) {
  const { kept, done } = props;
  const { network } = kept.document;
  const [node] = useNode(network);
  const [stands, setStands] = useState<Standing>({ state: 'waiting' });
  const [problem, setProblem] = useState('');
  const [turn, setTurn] = useState(0);
  useEffect(() => {
    let current = true;
    let timer = 0;
    const look = async () => {
      try {
        const now = await standingOf(node, kept);
        if (!current) return;
        setProblem('');
        setStands(now);
        if (now.state === 'included') {
          done();
          return forgetTransaction(kept);
        }
        if (now.state !== 'waiting') return;
      } catch (error) {
        if (!current) return;
        setProblem(message(error));
      }
      timer = window.setTimeout(() => void look(), POLL_MS);
    };
    void look();
    return () => {
      current = false;
      clearTimeout(timer);
    };
  }, [node, kept.command, kept.hash, turn]);
  const again = async () => {
    try {
      await sendAgain(kept, node);
      setTurn(turn + 1);
    } catch (error) {
      const refused = error instanceof NodeRefused;
      setProblem(refused ? `${message(error)} It may be on its way already.` : message(error));
    }
  };
  const over = stands.state === 'failed' || stands.state === 'gone';
  const step = kept.hash === '' ? 1 : 2;
  return (
    <Card
      title={kept.kind === 'open' ? 'Opening the account' : 'Topping up'}
      side={
        <Badge tone={over ? 'bad' : 'warn'} busy={!over}>
          {over ? 'Not done' : 'On its way'}
        </Badge>
      }
    >
      <ol className="steps" aria-label="Progress">
        {STEPS.map((name, at) => (
          <li
            key={name}
            className={
              at < step ? 'done' : over && at === step ? 'done failed' : at === step ? 'now' : ''
            }
          >
            {name}
          </li>
        ))}
      </ol>
      <Figures
        items={[
          ['Amount', mina(kept.amount)],
          ['Account', <span className="mono">{short(kept.account, 6)}</span>],
          ...(kept.hash
            ? ([['Transaction', <span className="mono">{short(kept.hash, 6)}</span>]] as [
                string,
                React.ReactNode,
              ][])
            : []),
        ]}
      />
      {over && (
        <Note tone="bad" title="Nothing was paid in" alert>
          {stands.state === 'failed'
            ? `A block took the transaction and the network did not apply it (${stands.why}). Only the fee was paid.`
            : 'Another transaction of your wallet came first, with the same number. This one can never be taken. Look at the account before you start again.'}
        </Note>
      )}
      {problem && (
        <Note tone="warn" alert>
          {problem}
        </Note>
      )}
      {!over && (
        <p className="quiet small">
          A block comes about every three minutes. You may close this page: it finds the transaction
          again. Sending it again sends the same bytes, which can be paid only once.
        </p>
      )}
      <NodeChoice network={network} />
      <div className="row">
        {!over && (
          <button type="button" className="button" onClick={() => void again()}>
            Send again to {hostOf(node)}
          </button>
        )}
        <button type="button" className="button" onClick={() => forgetTransaction(kept)}>
          {over ? 'Start over' : 'Forget it here'}
        </button>
      </div>
    </Card>
  );
}
