// Starts the PDS on a free port of 127.0.0.1, by itself it would listen on every address,
// and says so on one line: {"port": 40123, "version": "0.4.217"}.
import { readFileSync } from 'node:fs'
import { PDS, envToCfg, envToSecrets, readEnv } from '@atproto/pds'

const { version } = JSON.parse(readFileSync(new URL('node_modules/@atproto/pds/package.json', import.meta.url)))
const env = readEnv()
const pds = await PDS.create(envToCfg({ ...env, version }), envToSecrets(env))
const listen = pds.app.listen.bind(pds.app)
pds.app.listen = () => listen(0, '127.0.0.1')
const server = await pds.start()
console.log(JSON.stringify({ port: server.address().port, version }))

// The tests hold the other end: when they are gone, however they ended, so is the server.
process.stdin.resume()
process.stdin.on('end', () => process.exit(0))
