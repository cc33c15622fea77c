// Answers a list of requests on standard input with a list of CIDs on standard output: what ipfs-unixfs-importer or
// ipfs-car make of a file, {ask, path}, or of a folder, {ask, files: {name: path}}. A file's {profile} is
// for ipfs-unixfs-importer.
import { createReadStream, openAsBlob } from 'node:fs';
import { text } from 'node:stream/consumers';
import { createDirectoryEncoderStream, createFileEncoderStream } from 'ipfs-car';
import { importer } from 'ipfs-unixfs-importer';

const PROFILE = 'unixfs-v1-2025';
// Nobody reads the blocks back.
const nowhere = { put: async (cid) => cid };

async function importerRoot(sources, profile = PROFILE) {
  let root;
  for await (const entry of importer(sources, nowhere, { profile })) root = entry;
  return root.cid;
}

async function carRoot(blocks) {
  let root;
  for await (const block of blocks) root = block;
  return root.cid;
}

const named = (files) => Object.entries(files);
const answers = {
  importer: ({ path, files, profile }) =>
    files
      ? importerRoot(named(files).map(([name, at]) => ({ path: `folder/${name}`, content: createReadStream(at) })))
      : importerRoot([{ content: createReadStream(path) }], profile),
  car: async ({ path, files }) => {
    if (!files) return carRoot(createFileEncoderStream(await openAsBlob(path)));
    const blobs = await Promise.all(named(files).map(async ([name, at]) => [name, await openAsBlob(at)]));
    return carRoot(createDirectoryEncoderStream(blobs.map(([name, blob]) => ({ name, stream: () => blob.stream() }))));
  },
};

const cids = [];
for (const { ask, ...rest } of JSON.parse(await text(process.stdin))) cids.push(String(await answers[ask](rest)));
process.stdout.write(JSON.stringify(cids));
