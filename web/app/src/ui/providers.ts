// The providers of CI, by the names that they have for people.
const NAMES: Record<string, string> = {
  forgejo: 'Forgejo',
  github: 'GitHub',
  gitlab: 'GitLab',
};

/** Empty for one that this page does not know. */
export function providerName(provider: string): string {
  return Object.hasOwn(NAMES, provider) ? (NAMES[provider] ?? '') : '';
}
