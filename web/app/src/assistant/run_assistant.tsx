// Questions about a run that is over. Nothing that is said here changes what was checked.
import { useState } from 'react';
import { Card } from '../ui/parts.tsx';
import { explain, material, type Run } from './explain_run.ts';
import { askAbout } from './model.ts';
import { Talk, type Said } from './talk.tsx';

export function RunAssistant(props: Run) {
  const [said, setSaid] = useState<Said[]>([]);
  return (
    <Card title="Ask about this run">
      <Talk
        said={said}
        say={setSaid}
        answer={(text) => ({ text: explain(props, text) })}
        askModel={async (model, turns) => ({ text: await askAbout(model, material(props), turns) })}
        label="Ask about this run"
        placeholder="Why did it end like this?"
        given="this run’s claims, jobs and the end of each log that you see"
      >
        Ask why it ended as it did, which claims hold, what one of them means, or what is due.
      </Talk>
    </Card>
  );
}
