// What an offer says, in words: where it runs from, what runs, what will be public, and what a receipt proves.
import type { ReactNode } from 'react';
import type { Source } from '../../../shared/src/offer.ts';
import { notPinned } from '../../../shared/src/verification/run.ts';
import { duration, short } from '../format.ts';
import type { Offer, Policy } from '../service/offer.ts';
import { Away, Card, Facts } from './parts.tsx';

/** One grey line above the title: where the pipeline lies. */
export function Origin(props: { source: Source }) {
  const { origin, project, ref, commit } = props.source;
  return (
    <p className="small quiet wrap">
      {origin.replace(/^https?:\/\//, '')} ·{' '}
      {/^\d+$/.test(project) ? `project ${project}` : project} · {ref.replace('refs/tags/', 'tag ')}{' '}
      · <span className="mono">{commit.slice(0, 8)}</span>
    </p>
  );
}

/** What stands above every offer and ticket; `children` is a badge that says how it stands. */
export function Heading(props: { offer: Offer; children: ReactNode }) {
  const { offer, children } = props;
  return (
    <div>
      <Origin source={offer.source} />
      <div className="row">
        <h1>{offer.title}</h1>
        {children}
      </div>
    </div>
  );
}

export function WhatRuns(props: { offer: Offer }) {
  const { source, success, limits } = props.offer;
  const { configuration } = source;
  const open = notPinned(configuration.includes);
  return (
    <Card title="What runs">
      <Facts
        items={[
          ['Repository', <Away url={repository(source)}>{repository(source)}</Away>],
          ['Commit', <Hash text={source.commit} />],
          [
            'Pipeline file',
            <>
              <div className="mono">{configuration.path}</div>
              <div className="quiet small">
                SHA-256 <span className="mono">{short(configuration.sha256, 10)}</span>
              </div>
            </>,
          ],
          ['Success means', successWords(success)],
          ['Stopped after', `${duration(limits.seconds)} of running`],
          [
            'Not pinned',
            <>
              {sentence(open)}
              <div className="quiet small">
                They may differ from run to run under the same commit; the receipt names them.
              </div>
            </>,
          ],
        ]}
      />
    </Card>
  );
}

export function WhatIsPublic(props: { policy: Policy }) {
  const { policy } = props;
  return (
    <Card title="Who sees what">
      <Facts
        items={[
          ['Inputs', policy.inputs === 'public' ? everyone : you],
          ['Output files', shownTo(policy.outputs, 'files named')],
          ['Log', shownTo(policy.log, 'lines like')],
          ['Call stacks', shownTo(policy.symbols, 'functions named')],
          ...(policy.probes.length > 0
            ? [
                [
                  'Measured values',
                  <>
                    {everyone} sees: {sentence(policy.probes)}
                  </>,
                ] as [string, ReactNode],
              ]
            : []),
          [
            'Always public',
            `that this run took place, how it ended, its jobs, its commit, and its receipt${policy.inputs === 'public' ? ', which the service lists' : ''}`,
          ],
        ]}
      />
      <p className="quiet small">
        The seller and the CI see everything that a run does, whatever this says.
      </p>
    </Card>
  );
}

export function WhatIsProved(props: { policy: Policy }) {
  const grade = props.policy.grade;
  return (
    <Card title="What the receipt will prove" side={<GradeBadge grade={grade} />}>
      <p>{GRADES[grade] ?? 'This grade is not known to this page.'}</p>
      <p className="quiet">
        It names this offer, your call, its inputs and outputs, and the end of the run, by their
        hashes, and the oracle signs it. This page compares every file with it.
        {props.policy.deterministic &&
          ' The seller says that the same inputs give the same outputs, so the run can be repeated elsewhere and compared.'}
      </p>
    </Card>
  );
}

export const GRADES: Record<number, string> = {
  0: 'The operator’s word: it proves what the oracle’s key said, not what ran.',
  1: 'The CI’s own signed job token says which pipeline ran. It does not say that these bytes came from it.',
};

export function GradeBadge(props: { grade: number }) {
  return <span className="badge plain">at least grade {props.grade}</span>;
}

export function Hash(props: { text: string }) {
  return <span className="mono wrap">{props.text}</span>;
}

const you = 'only you';
const everyone = 'everyone';

function shownTo(patterns: string[], of: string): ReactNode {
  if (patterns.length === 0) return you;
  if (patterns.includes('*')) return everyone;
  return (
    <>
      {everyone} sees {of} <span className="mono">{patterns.join(', ')}</span>; the rest {you}
    </>
  );
}

function successWords(jobs: string[]): string {
  return jobs.length === 0
    ? 'every job succeeds, save those that are allowed to fail'
    : `${jobs.length === 1 ? 'this job succeeds' : 'these jobs succeed'}: ${jobs.join(', ')}`;
}

function sentence(items: string[]): string {
  return items.length < 2 ? items.join('') : `${items.slice(0, -1).join(', ')} and ${items.at(-1)}`;
}

/** As sealrun.providers have it. */
function repository({ provider, origin, base_path = '', project }: Source): string {
  if (provider === 'gitlab') return `${origin}${base_path}/projects/${project}`;
  return `${origin === 'https://api.github.com' ? 'https://github.com' : origin + base_path}/${project}`;
}
