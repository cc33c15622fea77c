// A provider's words of an error: on one line, short, and without the token.
const MAX_WORDS = 300;

export function words(
  body: Uint8Array,
  flat: (value: Record<string, unknown>) => string,
  secret: string,
): string {
  const reason = said(body, flat).replaceAll(secret, '[token]');
  const line = reason.replace(/[\x00-\x1f\x7f]+/g, ' ').slice(0, MAX_WORDS);
  return line.replace(/[\ud800-\udfff]/gu, '\ufffd').trim() || 'no reason given';
}

function said(body: Uint8Array, flat: (value: Record<string, unknown>) => string): string {
  const text = new TextDecoder().decode(body);
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === 'object' && value !== null && !Array.isArray(value))
      return flat(value as Record<string, unknown>);
  } catch {
    // A proxy's or a maintenance page has a title.
  }
  const title = /<title[^>]{0,100}>([^<]{1,200})/i.exec(text.slice(0, 4096));
  return title ? `a web page: ${title[1]}` : '';
}
