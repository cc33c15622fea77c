// The work of functions/call as one writes it for Node: check a signed call, read its offer, claim it, open the
// credential, start the pipeline and read it, write the run down, wake the collector. Bundled into one file; clients
// are made once. It does less than functions/call: the signed fields arrive computed, the credential is no sealed box,
// and neither the inputs' schema nor addresses are checked.
import { BatchGetItemCommand, DynamoDBClient, PutItemCommand, TransactWriteItemsCommand } from '@aws-sdk/client-dynamodb';
import { DecryptCommand, KMSClient } from '@aws-sdk/client-kms';
import { InvokeCommand, LambdaClient } from '@aws-sdk/client-lambda';
import Client from 'mina-signer';

const { SEALRUN_TABLE: TABLE, SEALRUN_COLLECT_FUNCTION: COLLECT, SEALRUN_PUBLIC_URL: URL } = process.env;
const mina = new Client({ network: 'devnet' });
const [dynamodb, kms, lambda] = [new DynamoDBClient(), new KMSClient(), new LambdaClient()];
const key = (pk, sk) => ({ pk: { S: pk }, sk: { S: sk } });
const one = { ':one': { N: '1' } };
const count = (pk) => ({
  Update: {
    TableName: TABLE,
    Key: key(pk, 'count'),
    UpdateExpression: 'ADD n :one',
    ConditionExpression: 'attribute_not_exists(n) OR n < :limit',
    ExpressionAttributeValues: { ...one, ':limit': { N: '1000000' } },
  },
});

async function start(source, token, call, inputs) {
  const api = `${source.origin}/api/v4/projects/${source.project}`;
  const headers = { 'content-type': 'application/json', 'private-token': token };
  const body = JSON.stringify({ ref: source.ref, inputs: { ...inputs, sealrun_call: call } });
  const { id } = await (await fetch(`${api}/pipeline`, { method: 'POST', headers, body })).json();
  return (await fetch(`${api}/pipelines/${id}`, { headers })).json();
}

export async function handler(event) {
  const { call, fields, signature, account, inputs, expires_at } = JSON.parse(event.body);
  const offerHash = event.rawPath.split('/')[2];
  const Keys = [key(`offer#${offerHash}`, 'offer'), key(`call#${call}`, 'call')];
  const read = await dynamodb.send(new BatchGetItemCommand({ RequestItems: { [TABLE]: { Keys, ConsistentRead: true } } }));
  const [item] = read.Responses[TABLE];
  const offer = JSON.parse(Buffer.from(item.document.B).toString());
  if (expires_at < Date.now() / 1000) return { statusCode: 410 };
  if (!mina.verifyFields({ data: fields.map(BigInt), publicKey: account, signature })) return { statusCode: 403 };
  const record = { call, account, inputs, state: 'triggering', claimed_at: Math.floor(Date.now() / 1000) };
  const Put = { TableName: TABLE, Item: { ...key(`call#${call}`, 'call'), record: { S: JSON.stringify(record) } } };
  const TransactItems = [
    { Put: { ...Put, ConditionExpression: 'attribute_not_exists(pk)' } },
    ...['quota', 'rate', 'load', 'own'].map((name) => count(`${name}#${offerHash}`)),
  ];
  await dynamodb.send(new TransactWriteItemsCommand({ TransactItems }));
  const context = { purpose: 'sealrun:credential', bound_to: offerHash };
  const opened = await kms.send(new DecryptCommand({ CiphertextBlob: item.sealing_key.B, EncryptionContext: context }));
  const run = await start(offer.source, Buffer.from(opened.Plaintext).toString('hex'), call, inputs);
  const started = { ...record, state: 'running', run_id: run.id, run_url: run.web_url };
  const Item = { ...Put.Item, record: { S: JSON.stringify(started) } };
  await dynamodb.send(new PutItemCommand({ ...Put, Item, ConditionExpression: 'attribute_exists(pk)' }));
  const Payload = JSON.stringify({ collect: call });
  await lambda.send(new InvokeCommand({ FunctionName: COLLECT, InvocationType: 'Event', Payload }));
  const headers = { 'content-type': 'application/json', location: `${URL}/calls/${call}` };
  return { statusCode: 202, headers, body: JSON.stringify({ call, state: started.state, run: started.run_id }) };
}
