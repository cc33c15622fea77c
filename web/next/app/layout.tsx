import type { Metadata, Viewport } from 'next';
import type { ReactNode } from 'react';
import '../../app/app.css';

export const metadata: Metadata = {
  title: 'sealrun',
  referrer: 'no-referrer',
  robots: { index: false },
  icons: 'data:,',
};

export const viewport: Viewport = {
  width: 'device-width',
  initialScale: 1,
  viewportFit: 'cover',
  colorScheme: 'light dark',
};

export default function Layout({ children }: { children: ReactNode }) {
  return (
    <html lang="en">
      <body>
        <div id="app">{children}</div>
        <noscript>This page signs in your browser and needs JavaScript.</noscript>
      </body>
    </html>
  );
}
