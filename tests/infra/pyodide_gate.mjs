// Runs the edge's package under Pyodide, which has no native module: node pyodide_gate.mjs ARCHIVE.zip < EVENTS.json
import { readFileSync } from 'node:fs';
import { text } from 'node:stream/consumers';
import { loadPyodide } from 'pyodide';

try {
  const python = await loadPyodide();
  python.unpackArchive(new Uint8Array(readFileSync(process.argv[2])), 'zip', { extractDir: '/task' });
  python.globals.set('given', await text(process.stdin));
  const answers = python.runPython(`
import json, sys
sys.path.insert(0, "/task")
import handler
json.dumps({"platform": sys.platform, "answers": [handler.handler(event, None) for event in json.loads(given)]})
`);
  process.stdout.write(answers);
} catch (error) {
  console.error(error.message); // without Node's own report, which repeats Pyodide's only line
  process.exitCode = 1;
}
