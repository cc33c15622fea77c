/**
 * What a settlement costs: JSON rows of seconds, megabytes and rows of the circuit.
 * The receipts root is over CALLS leaves; the settlement itself does not grow with them.
 */
import { Field, Mina, Signature, TokenId, UInt32, UInt64 } from 'o1js';
import { circuitCache } from './backend.js';
import { Voucher } from './deposit_account.js';
import { dueFields, voucherFields } from './fields.js';
import { Offer } from './offer.js';
import { Due, PrepaidAccount } from './prepaid_account.js';
import { type DueLeaf, dueStatement } from './receipts.js';
import { DEVNET, MINA, World } from './test/world.js';

const CALLS = 10_000;
const PRICE = 1_000_000n;

/** From `TransactionCost` in o1js: the sum must stay below 69.45 before Mesa. */
const COST = { proof: 10.26, pair: 10.08, single: 9.14 };

async function row<T>(name: string, work: () => Promise<T> | T, more: object = {}): Promise<T> {
  const [start, cpu] = [performance.now(), process.cpuUsage()];
  const result = await work();
  const { user, system } = process.cpuUsage(cpu);
  print({
    name,
    seconds: round((performance.now() - start) / 1000),
    cpu_seconds: round((user + system) / 1e6),
    ...more,
  });
  return result;
}

function print(value: object): void {
  console.log(
    JSON.stringify({ ...value, max_rss_mb: Math.round(process.resourceUsage().maxRSS / 1024) }),
  );
}

function round(value: number): number {
  return Math.round(value * 100) / 100;
}

/** As o1js counts: a proof by itself, signed or unsigned updates in pairs, the fee payer first. */
function cost(tx: {
  transaction: { accountUpdates: { authorization: { proof?: string } }[] };
}): number {
  const kinds = [
    false,
    ...tx.transaction.accountUpdates.map(({ authorization }) => authorization.proof !== undefined),
  ];
  let sum = 0;
  for (let i = 0; i < kinds.length; i++) {
    if (kinds[i]) sum += COST.proof;
    else if (kinds[i + 1] === false) ((sum += COST.pair), i++);
    else sum += COST.single;
  }
  return round(sum);
}

function leaves(): DueLeaf[] {
  return Array.from({ length: CALLS }, (_, i) => ({
    index: BigInt(i),
    callHash: Field(i + 1),
    receiptHash: Field(i + 2),
    priceDue: PRICE,
    runningTotal: PRICE * BigInt(i + 1),
  }));
}

for (const contract of [PrepaidAccount, Offer]) {
  for (const [method, { rows }] of Object.entries(await contract.analyzeMethods())) {
    print({ name: `${contract.name}.${method}`, rows });
  }
}
await row('compile PrepaidAccount', () => PrepaidAccount.compile({ cache: circuitCache() }));

const world = await World.create({ proofs: true });
await row('open: signatures only', () => world.open({ deposit: 100n * MINA }));
const statement = await row(`receipts root of ${CALLS} calls`, () => dueStatement(leaves()));
const account = world.account.address;
const due = UInt64.from(statement.due);
const callHash = Field(CALLS);
const voucher = new Voucher({
  limit: due,
  callHash,
  signature: Signature.create(
    world.buyer.key,
    voucherFields(DEVNET, account, TokenId.default, due, callHash),
  ),
});
const signature = Signature.create(
  world.oracle.key,
  dueFields(DEVNET, account, TokenId.default, due, statement.root),
);
const signed = new Due({
  due,
  treeRoot: statement.treeRoot,
  count: UInt32.from(statement.count),
  signature,
});

for (const [name, sender, body] of [
  [
    `settle ${CALLS} calls`,
    world.seller,
    () => world.contract.settle(world.terms(), voucher, signed),
  ],
  ['pay the operator', world.operator, () => world.contract.payOperator(world.terms())],
  [
    'request exit',
    world.buyer,
    () => world.contract.requestExit(world.terms(), UInt32.from(5), world.exitSignature(5)),
  ],
  [
    'withdraw',
    world.buyer,
    () => world.contract.withdraw(world.terms(), UInt64.from(MINA), world.withdrawSignature(MINA)),
  ],
] as const) {
  if (name === 'withdraw') world.chain.setGlobalSlot(100);
  const tx = await Mina.transaction({ sender: sender.address, fee: 1e8 }, body);
  await row(`${name}: prove`, () => tx.prove());
  const bytes = tx.toJSON().length;
  await row(`${name}: send`, () => tx.sign([sender.key]).send(), {
    bytes,
    cost: cost(tx as never),
  });
}
