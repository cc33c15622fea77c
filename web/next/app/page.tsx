'use client';

import dynamic from 'next/dynamic';

/** The buyer's page. It reads the address and the browser's storage, so it is rendered in the browser alone. */
const App = dynamic(async () => (await import('../../app/src/app.tsx')).App, { ssr: false });

export default function Page() {
  return <App />;
}
