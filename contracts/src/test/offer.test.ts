import assert from 'node:assert/strict';
import { before, describe, test } from 'node:test';
import { AccountUpdate, Field, Mina } from 'o1js';
import { credentialHash, eventToBytes } from '../credential.js';
import { textField } from '../fields.js';
import { pinnedKeys } from '../verification_keys.js';
import { CHANGES, assertRefused } from './attacks.js';
import { World, party } from './world.js';

const CREDENTIAL = new TextEncoder().encode(
  JSON.stringify({ endpoint: 'https://calls.example/é', sealed: 'A'.repeat(300) }),
);

let world: World;
before(async () => {
  world = await World.create();
  await world.openOffer(CREDENTIAL);
});

async function openingEvents(): Promise<Field[][]> {
  const events = await Mina.fetchEvents(world.offer.address, Field(1));
  return events.flatMap(({ events }) =>
    events.map(({ data }) => data.map((value) => Field(value))),
  );
}

describe('an open offer', () => {
  test('A4: it names its document and its terms', async () => {
    const { zkapp } = Mina.getAccount(world.offer.address);
    assert.equal(zkapp?.zkappUri, 'https://offers.example/11.json');
    assert.equal(zkapp?.verificationKey?.hash.toString(), pinnedKeys().Offer.hash);
    const terms = world.terms().hash().toString();
    const sealed = credentialHash(CREDENTIAL).toString();
    assert.deepEqual(world.state(world.offer), ['11', terms, sealed, '0', '0', '0', '0', '0']);
  });

  test('A11: the opening event holds the credential that the state names', async () => {
    const [event, ...others] = await openingEvents();
    assert.equal(others.length, 0);
    const bytes = eventToBytes(event!);
    assert.deepEqual(bytes, CREDENTIAL);
    assert.equal(credentialHash(bytes).toString(), world.state(world.offer)[2]);
  });

  test('A11: nobody adds an event, signed or not', async () => {
    await assertRefused(world, world.offer, (update) => {
      update.body.events = AccountUpdate.Events.pushEvent(update.body.events, [Field(1)]);
    });
  });

  for (const [name, change] of Object.entries(CHANGES)) {
    test(`A11: no key changes the offer: ${name}`, async () => {
      await assertRefused(world, world.offer, change);
    });
  }
});

describe('closing', () => {
  const forged: [string, () => Promise<void>, RegExp][] = [
    [
      'by the operator',
      () => world.close(world.closeSignature({ key: world.operator.key })),
      /closing is not signed/,
    ],
    [
      "with the offer's own key",
      () => world.close(world.closeSignature({ key: world.offer.key })),
      /closing is not signed/,
    ],
    [
      'of another offer',
      () => world.close(world.closeSignature({ offer: party() })),
      /closing is not signed/,
    ],
    [
      'of another network',
      () => world.close(world.closeSignature({ network: textField('mina:mainnet') })),
      /closing is not signed/,
    ],
    [
      "under a stranger's terms",
      () =>
        world.close(
          world.closeSignature({ key: world.stranger.key }),
          world.terms({ seller: world.stranger.address }),
        ),
      /terms are not those of this offer/,
    ],
  ];
  for (const [name, close, message] of forged) {
    test(`A4: a closing ${name} is refused`, async () => {
      await assert.rejects(close, message);
      assert.equal(world.state(world.offer)[3], '0');
    });
  }

  test('A4: the seller closes once and for all, whoever sends it', async () => {
    await world.close();
    assert.equal(world.state(world.offer)[3], '1');
    await assert.rejects(world.close(), /already closed/);
  });
});
