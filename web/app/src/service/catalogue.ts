// The catalogue beside the page's own files, where its host has one.
import { readCatalogue, type Catalogue } from '../../../shared/src/catalogue.ts';
import { message } from '../format.ts';
import { fetched } from './api.ts';

// Of some 20,000 entries.
const MAX_BYTES = 32 << 20;

export async function getCatalogue(address: string): Promise<Catalogue> {
  const body = await fetched(address, MAX_BYTES);
  let document: unknown;
  try {
    document = JSON.parse(new TextDecoder().decode(body));
  } catch {
    throw new Error('The file is something else than JSON.');
  }
  try {
    return readCatalogue(document);
  } catch (error) {
    throw new Error(`The file is no catalogue that this page can read: ${message(error)}.`);
  }
}
