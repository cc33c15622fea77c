// Stands in where a part of the page could not be loaded, or was not what the document says it is.
import { Component, type ReactNode } from 'react';
import { Failed } from './parts.tsx';

export class Missing extends Component<{ children: ReactNode }, { failed: boolean }> {
  override state = { failed: false };

  static getDerivedStateFromError(): { failed: boolean } {
    return { failed: true };
  }

  override render(): ReactNode {
    if (!this.state.failed) return this.props.children;
    return (
      <Failed title="This part of the page could not be loaded">
        The host of this page gives no answer, or another file than the page names. Reload the page.
      </Failed>
    );
  }
}
