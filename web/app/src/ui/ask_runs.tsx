// A button that lets a service list all runs of an account, with one signature of its buyer.
import { useState } from 'react';
import { listCalls, type Listed } from '../calls_right.ts';
import { useSigning } from './signing.tsx';

export function AskRuns(props: Listed & { label: string }) {
  const { service, network, account, label } = props;
  const [found, setFound] = useState('');
  const signing = useSigning(network);
  const look = () =>
    signing.run(async (wallet, show) => {
      setFound('');
      const count = await listCalls({ service, network, account }, wallet, show);
      setFound(count === 1 ? 'It lists 1 run.' : `It lists ${count} runs.`);
    });
  return (
    <>
      <div className="row">
        <button
          type="button"
          className="button"
          disabled={signing.busy}
          onClick={() => void look()}
        >
          {label}
        </button>
        <span className="quiet small" role="status">
          {found}
        </span>
      </div>
      {signing.panel}
    </>
  );
}
