// Builds what is published into dist/, anew each time: programs, and types that name o1js as its users do.
import { spawnSync } from 'node:child_process';
import { copyFileSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const here = fileURLToPath(new URL('.', import.meta.url));
const dist = join(here, 'dist');
const tsc = createRequire(import.meta.url).resolve('typescript/bin/tsc');

function compile(...options) {
  const fixed = ['-p', 'tsconfig.build.json', '--outDir', dist, '--incremental', 'false'];
  const command = [tsc, ...fixed, '--tsBuildInfoFile', 'null', ...options];
  const { status } = spawnSync(process.execPath, command, { cwd: here, stdio: ['ignore', 2, 2] });
  if (status !== 0) throw new Error(`dist: expected a build, got status ${status}`);
}

rmSync(dist, { recursive: true, force: true });
compile();
// The compiler names the types of o1js by paths inside of it, which only this older resolution lets it write.
const types = ['--declaration', '--emitDeclarationOnly', '--module', 'es2022'];
compile(...types, '--moduleResolution', 'node10');
for (const name of readdirSync(dist, { recursive: true })) {
  const file = join(dist, name);
  if (!name.endsWith('.d.ts')) continue;
  const text = readFileSync(file, 'utf8').replace(/import\("o1js\/[^"]*"\)/g, 'import("o1js")');
  writeFileSync(file, text);
}
for (const name of readdirSync(dist))
  if (
    /^(keys|token_keys|verifier|deploy_token|vectors?|vectors_main|vector_inputs)\.(js|d\.ts)$/.test(
      name,
    )
  )
    rmSync(join(dist, name));
copyFileSync(join(here, '..', 'LICENSE'), join(here, 'LICENSE'));
