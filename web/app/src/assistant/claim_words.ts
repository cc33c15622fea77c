// What each claim of a receipt means, for somebody who reads one for the first time. Names as in docs/verification.md.

export const CLAIM_TITLES: Record<string, string> = {
  form: 'Receipt',
  signature: 'Signature',
  oracle: 'Oracle',
  offer: 'Offer',
  source: 'Source',
  'minimum grade': 'Least grade',
  call: 'Call',
  inputs: 'Inputs',
  index: 'Merkle roots',
  openings: 'Items',
  policy: 'Privacy',
  files: 'Files',
  'other files': 'Other files',
  lines: 'Log lines',
  derived: 'Log and profile',
  statements: 'Statements',
  token: 'CI token',
  disclosure: 'Disclosures',
  lineage: 'Earlier receipts',
  child: 'Calls of the run',
  rerun: 'Repeated runs',
  run: 'Run',
  times: 'Times',
  commit: 'Commit',
  pinned: 'Not pinned',
  jobs: 'Jobs',
  grade: 'Grade',
};

export const CLAIM_WORDS: Record<string, string> = {
  form: 'The receipt is written in its one allowed form, so there is no second reading of it.',
  signature:
    'The oracle’s key signed exactly these fields. Whoever has that key could sign others.',
  oracle: 'The key that signed is the one that the offer names.',
  offer: 'The receipt is for the offer that you looked at, byte by byte.',
  source: 'The receipt names the repository, commit and pipeline file of that offer.',
  'minimum grade': 'The receipt reaches the grade that the offer promises.',
  call: 'The receipt is for this call and no other.',
  inputs: 'The run was asked for exactly the inputs of this call.',
  index:
    'The list of all items gives the two Merkle roots that the receipt signs, so no item was added or left out.',
  openings: 'Each item that you may see opens its place in those Merkle trees.',
  policy: 'What is public and what is private is as the offer says.',
  files: 'Each file was hashed here, and is the one that the receipt covers.',
  'other files': 'There is no file that the receipt does not cover.',
  lines: 'Each log line shown is one that the receipt covers.',
  derived:
    'That the lines and stacks shown were taken from the whole log and profile. Only the command checks it.',
  statements:
    'Whether the in-toto statements say the same as the receipt. Only the command checks it.',
  token:
    'Whether the CI itself signed the job’s token. Only the command checks it, against the CI’s keys.',
  disclosure: 'Whether each item that was disclosed opens its place. Only the command checks it.',
  lineage: 'Whether the earlier receipts are those that this run read. Only the command checks it.',
  child:
    'Whether the receipts that the run left are of calls that it made. Only the command checks it.',
  rerun: 'Whether another oracle got the same from the same. Only the command checks it.',
  run: 'How the run went, as the operator wrote it down. Its words are covered by the receipt; that they are true is the operator’s word.',
  times: 'Start and end, as the operator read them at the CI.',
  commit: 'The commit that ran, as the operator read it at the CI.',
  pinned: 'What could change although the commit is the same: images, variables, runners.',
  jobs: 'Whether each job that must succeed did, as the operator read it at the CI.',
  grade:
    'What the receipt rests on: with grade 0 the operator’s word, with grade 1 a token that the CI signed.',
};
